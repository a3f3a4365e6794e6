import numpy as np
import pytest

from healing.features import learn_usual
from tests.metrics import DAY, EPOCH

HOUR = DAY // 24
WEEK = 7 * DAY
FAR = 20.0
"""How far office hours stand out, in units of the noise."""


def times(days: float, step: int = 300) -> np.ndarray:
    return EPOCH + step * np.arange(int(days * DAY / step))


def at_work(at: np.ndarray, days: tuple[int, ...] = (0, 1, 2, 3, 4)) -> np.ndarray:
    """Give 1 from 8 to 18 o'clock on some days of the week, 0 otherwise."""
    day, hour = at // DAY % 7, at % DAY / HOUR
    return (np.isin(day, days) & (hour >= 8) & (hour < 18)).astype(float)


def office(at: np.ndarray, days: tuple[int, ...] = (0, 1, 2, 3, 4), seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(at))
    return FAR * at_work(at, days) + noise


def middle_of_hours(at: np.ndarray) -> np.ndarray:
    """Leave out the half hours beside the edges of office hours, which no bin of a shape hits."""
    hour = at % DAY / HOUR
    return (np.abs(hour - 8) > 1) & (np.abs(hour - 18) > 1)


@pytest.mark.parametrize("days", [14, 21, 28, 30.5])
def test_from_two_weeks_on_a_weekend_is_not_a_working_day(days: float) -> None:
    at = times(days)
    usual = learn_usual(office(at)[:, None], at)

    next_week = at[-1] + 300 * np.arange(1, WEEK // 300)
    next_week = next_week[middle_of_hours(next_week)]
    missed = usual.at(next_week)[:, 0] - FAR * at_work(next_week)

    assert np.abs(missed).max() < 2
    assert usual.spread[0] == pytest.approx(1.0, abs=0.2)


def test_less_than_two_weeks_say_nothing_about_weeks() -> None:
    at = times(13.9)

    assert len(learn_usual(office(at)[:, None], at).shape) == 48


@pytest.mark.parametrize("seed", range(5))
def test_no_weekly_shape_is_learned_where_days_are_alike(seed: int) -> None:
    at = times(28)
    every_day = office(at, days=tuple(range(7)), seed=seed)
    wandering = np.cumsum(np.random.default_rng(seed).standard_normal(len(at))) / 20

    assert len(learn_usual(np.stack([every_day, wandering], axis=1), at).shape) == 48


def test_one_strange_week_makes_no_shape() -> None:
    at = times(14)
    every_day = office(at, days=tuple(range(7)))
    every_day[(at // DAY % 7 == 3) & (at >= EPOCH + WEEK)] += 10 * FAR

    assert len(learn_usual(every_day[:, None], at).shape) == 48


def test_a_day_on_which_one_of_two_weeks_was_strange_keeps_the_shape_of_the_other_days() -> None:
    at = times(21)
    values = office(at)
    values[(at // DAY % 7 == 3) & (at < EPOCH + WEEK)] += 10 * FAR
    usual = learn_usual(values[:, None], at)

    noon = EPOCH // WEEK * WEEK + 5 * WEEK + DAY * np.arange(7) + 12 * HOUR
    assert usual.at(noon)[:, 0] == pytest.approx(FAR * at_work(noon), abs=2)


def test_signals_with_and_without_a_weekly_shape_are_learned_beside_each_other() -> None:
    at = times(21)
    daily = 10 * np.sin(2 * np.pi * at / DAY) + np.random.default_rng(1).standard_normal(len(at))
    beside = learn_usual(np.stack([office(at), daily], axis=1), at)
    alone = learn_usual(daily[:, None], at)

    later = at[:2016] + 4 * WEEK
    assert beside.at(later)[:, 1] == pytest.approx(alone.at(later)[:, 0], abs=1e-9)


def test_what_was_not_measured_says_nothing_about_the_week() -> None:
    at = times(28)
    values = office(at)
    values[at // DAY % 7 == 6] = np.nan
    usual = learn_usual(values[:, None], at)

    assert np.isfinite(usual.shape).all()
    assert np.isfinite(usual.at(at)).all()
