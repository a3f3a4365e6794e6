from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healing.forecast import Forecast, Model, forecast
from tests.metrics import DAY, EPOCH, NOON, history_of

STEP = 600
ROWS = DAY // STEP
HOURS = timedelta(hours=12)


def days(count: int = 6, *, level: float = 100.0, noise: float = 2.0, seed: int = 0) -> np.ndarray:
    times = EPOCH - STEP * np.arange(count * ROWS)[::-1]
    random = np.random.default_rng(seed)
    return level + 30 * np.sin(2 * np.pi * times / DAY) + noise * random.standard_normal(len(times))


def of(**columns: np.ndarray) -> Forecast:
    return forecast(history_of(STEP, **columns), horizon=HOURS)


def test_it_beats_the_seasonal_naive_forecast_where_days_are_alike_but_noisy() -> None:
    ratios = list[float]()
    for seed in range(6):
        whole = days(8, noise=6, seed=seed)
        past, truth = whole[: -ROWS // 2], whole[-ROWS // 2 :]
        naive = past[-ROWS : -ROWS // 2]
        told = of(cpu=past)
        ratios.append(np.abs(told.point[:, 0] - truth).mean() / np.abs(naive - truth).mean())

    assert np.mean(ratios) < 0.85


def test_a_series_that_no_model_foresees_is_left_to_the_seasonal_naive_forecast() -> None:
    wandering = np.cumsum(np.random.default_rng(3).choice([-1.0, 1.0], 4 * ROWS) ** 3 * 50)
    wandering[::7] += 1000

    told = of(cpu=np.repeat(wandering[: ROWS // 2], 2))

    assert told.models[0] in Model
    assert told.errors[0] <= 1.0


def test_four_of_five_points_lie_within_the_interval() -> None:
    inside = list[float]()
    for seed in range(12):
        whole = days(8, noise=5, seed=seed)
        truth = whole[-72:]
        told = of(cpu=whole[:-72])
        inside.append(np.mean((told.paths[0, :, 0] <= truth) & (truth <= told.paths[2, :, 0])))

    assert 0.7 < np.mean(inside) < 0.92


def test_times_follow_the_newest_row_and_fill_the_horizon() -> None:
    told = of(cpu=days())

    assert (told.times[0], told.step) == (EPOCH + STEP, STEP)
    assert told.point.shape == (72, 1)
    assert told.paths.shape == (3, 72, 1)
    assert (np.diff(told.paths, axis=0) >= 0).all()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(500, np.nan), id="never measured"),
        pytest.param(np.r_[np.full(495, np.nan), np.ones(5)], id="too few"),
        pytest.param(np.r_[days(3), np.full(200, np.nan)], id="long gone"),
        pytest.param(np.ones(1), id="one row"),
    ],
)
def test_what_cannot_be_forecast_stays_unknown(values: np.ndarray) -> None:
    told = of(cpu=values)

    assert np.isnan(told.point).all()
    assert np.isnan(told.paths).all()
    assert told.models == (None,)


@pytest.mark.parametrize("rows", [0, 1, 14, 15])
def test_what_has_only_just_begun_is_unknown_a_day_ahead(rows: int) -> None:
    history = history_of(60, cpu=np.arange(float(rows)), memory=np.ones(rows))

    assert np.isnan(forecast(history, horizon=timedelta(hours=25)).paths).all()


def test_an_unknown_series_does_not_spoil_its_neighbours() -> None:
    alone = of(cpu=days())
    beside = of(memory=np.full(6 * ROWS, np.nan), cpu=days())

    assert np.allclose(alone.point[:, 0], beside.point[:, 1])
    assert np.allclose(alone.paths[..., 0], beside.paths[..., 1])


def test_gaps_are_filled_from_the_past_and_do_not_break_it() -> None:
    holed = days()
    holed[200:260] = np.nan
    holed[-2:] = np.nan

    told = of(cpu=holed)

    assert np.abs(told.point[:, 0] - of(cpu=days()).point[:, 0]).max() < 25


def test_a_constant_stays_constant() -> None:
    told = of(cpu=np.full(400, 7.0))

    assert np.allclose(told.point, 7.0)
    assert np.allclose(told.paths, 7.0)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100), st.floats(-1000, 1000))
def test_other_units_give_the_same_forecast_in_other_units(scale: float, shift: float) -> None:
    told, other = of(cpu=days()), of(cpu=shift + scale * days())

    span = scale * 200 + abs(shift)
    assert np.allclose(other.point, shift + scale * told.point, atol=1e-4 * span)
    assert np.allclose(other.paths, shift + scale * told.paths, atol=1e-4 * span)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 200), st.floats(-1e6, 1e6))
def test_the_future_is_not_looked_at(rows: int, future: float) -> None:
    past, altered = days(), days()
    altered[-rows:] = future
    now = NOON - timedelta(seconds=STEP * rows)

    one = forecast(history_of(STEP, cpu=past), horizon=HOURS, now=now)
    other = forecast(history_of(STEP, cpu=altered), horizon=HOURS, now=now)

    assert np.array_equal(one.point, other.point)
    assert np.array_equal(one.paths, other.paths)
