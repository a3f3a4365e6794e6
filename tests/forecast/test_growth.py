from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from healing.forecast import Exhaustion, Outlook, forecast_exhaustion, growth
from healing.forecast.course import Course, course_of
from healing.forecast.trends import Scale, Trends, trends
from tests.metrics import MEMORY, NOON, history_of
from tests.real import real_metrics


def told(values: NDArray[np.float64], step: int) -> list[Exhaustion]:
    """Forecast at four times, with the capacity far away and near."""
    known = values[np.isfinite(values)]
    return [
        forecast_exhaustion(
            history_of(step, memory=values[: len(values) * part // 8]),
            MEMORY,
            capacity,
            now=NOON,
            window=timedelta(minutes=30),
        )
        for part in (5, 6, 7, 8)
        for capacity in (256.0, float(known.max()) * 1.02)
    ]


def whole_past(course: Course, scale: Scale, *, newest: int = 0) -> Trends:
    """Measure all windows, however few are asked for."""
    del newest
    return trends(course, scale)


def made_up(seed: int) -> NDArray[np.float64]:
    """Mix noise, wandering, growth that has just begun, days, clean-ups, gaps and rounding."""
    chance = np.random.default_rng(seed)
    rows = np.arange(int(chance.integers(60, 2000)))
    values = 30 + chance.choice([0.0, 0.01, 0.3, 5.0]) * chance.standard_normal(len(rows))
    mixed = chance.random(6) < [0.3, 0.6, 0.4, 0.3, 0.3, 0.3]
    if mixed[0]:
        values += 0.2 * np.cumsum(chance.standard_normal(len(rows)))
    if mixed[1]:
        began = chance.integers(0, len(rows) - 4)
        values += np.maximum(0, rows - began) * chance.choice([0.01, 0.05, 0.3, 2.0])
    if mixed[2]:
        values += 10 * np.sin(rows / chance.integers(20, 500))
    if mixed[3]:
        values %= 60
    if mixed[4]:
        values[chance.random(len(rows)) < chance.choice([0.01, 0.3])] = np.nan
    if mixed[5]:
        values = np.round(values)
    return np.abs(values)


def test_looking_at_the_newest_window_first_changes_no_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    courses = [(made_up(seed), 60 if seed % 2 else 300) for seed in range(60)]

    with_look = [told(values, step) for values, step in courses]
    monkeypatch.setattr(growth, "rises", lambda *_, **__: True)
    monkeypatch.setattr(growth, "trends", whole_past)
    without = [told(values, step) for values, step in courses]

    assert repr(with_look) == repr(without)  # a level that is NaN is not equal to itself
    seen = Counter(one.outlook for all_of in with_look for one in all_of)
    assert min(seen[Outlook.STEADY], seen[Outlook.GROWING], seen[Outlook.SOON]) >= 10, seen


def test_looking_at_the_newest_window_first_changes_no_forecast_of_real_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machines = []
    for path in sorted(real_metrics("exhaustion").glob("machine_memory_*.npz"))[::4]:
        with np.load(path) as file:
            machines.append(file["values"][-2880:, 0].astype(np.float64))

    with_look = [told(values, 60) for values in machines]
    monkeypatch.setattr(growth, "rises", lambda *_, **__: True)
    monkeypatch.setattr(growth, "trends", whole_past)

    assert repr(with_look) == repr([told(values, 60) for values in machines])


@pytest.mark.parametrize("scale", [Scale(1, 4), Scale(1, 6), Scale(8, 6)], ids=str)
def test_the_newest_window_measures_the_same_alone_as_among_all(scale: Scale) -> None:
    for seed in range(20):
        course = course_of(history_of(memory=np.tile(made_up(seed), 4)), MEMORY, 256.0, ())

        alone, among = trends(course, scale, newest=1), trends(course, scale)

        for what in ("ends", "usable", "level", "slope", "error", "steps"):
            np.testing.assert_array_equal(getattr(alone, what), getattr(among, what)[-1:])
