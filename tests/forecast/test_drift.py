import numpy as np
import pytest

from healing.forecast.course import course_of
from healing.forecast.drift import Drift, drift_of
from tests.metrics import DAY, EPOCH, MEMORY, history_of

HOUR = 60


def of(values: np.ndarray) -> Drift | None:
    return drift_of(course_of(history_of(60, memory=values), MEMORY, 100.0, ()))


def wandering(days: int, *, seed: int = 0) -> np.ndarray:
    """Make memory as real machines have it: around 50, away for hours, with a day's shape."""
    random = np.random.default_rng(seed)
    rows = days * 24 * HOUR
    away = np.zeros(rows)
    for row, shock in enumerate(random.standard_normal(rows - 1), start=1):
        away[row] = 0.995 * away[row - 1] + 0.2 * shock
    times = EPOCH - 60 * np.arange(rows)[::-1]
    return 50 + away + 2 * np.sin(2 * np.pi * times / DAY) + random.standard_normal(rows)


def test_days_of_wandering_are_no_drift() -> None:
    memory = wandering(6)

    assert not any(of(memory[:row]) for row in range(3 * 24 * HOUR, len(memory), 3 * HOUR))


@pytest.mark.parametrize("hours", [6, 12, 24])
def test_growth_through_the_noise_is_found_before_half_of_its_time(hours: int) -> None:
    memory = wandering(4)
    half = hours * HOUR // 2
    memory[-half:] += 50 * np.arange(half) / (hours * HOUR)

    drift = of(memory)

    assert drift is not None
    assert drift.slope == pytest.approx(50 / (hours * HOUR), rel=0.3)
    assert drift.lasted == pytest.approx(half, rel=0.4)


def test_a_step_is_no_drift() -> None:
    memory = wandering(4)
    memory[-4 * HOUR :] += 25

    assert not any(of(memory[: len(memory) - back]) for back in range(0, 4 * HOUR, 20))


def test_a_gap_does_not_hide_drift_and_a_fall_ends_it() -> None:
    memory = wandering(4)
    memory[-12 * HOUR :] += 30 * np.arange(12 * HOUR) / (12 * HOUR)
    memory[-6 * HOUR : -5 * HOUR] = np.nan
    fallen = np.r_[memory, wandering(1)[: 2 * HOUR] - 10]

    assert of(memory) is not None
    assert of(fallen) is None


def test_straight_growth_from_the_first_row_is_drift() -> None:
    rows = 8 * HOUR
    memory = 30 + 30 * np.arange(rows) / rows
    memory += 0.05 * np.random.default_rng(1).standard_normal(rows)

    drift = of(memory)

    assert drift is not None
    assert drift.slope == pytest.approx(30 / rows, rel=0.05)


@pytest.mark.parametrize("days", [1, 4])
def test_growth_is_measured_from_where_it_began_however_long_it_wandered_before(days: int) -> None:
    hours = 3
    memory = np.r_[wandering(days), np.zeros(hours * HOUR)]
    memory[-hours * HOUR :] = wandering(1)[: hours * HOUR] + 10 * np.arange(hours * HOUR) / HOUR

    drift = of(memory)

    assert drift is not None
    assert drift.slope * HOUR == pytest.approx(10, rel=0.2)
    assert drift.lasted == pytest.approx(hours * HOUR, rel=0.4)
