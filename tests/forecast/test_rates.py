import numpy as np
import pytest

from healing.forecast.rates import rate_of

POINTS = 80


def grown(shape: np.ndarray, *, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    return 50 * shape + noise * np.random.default_rng(seed).standard_normal(len(shape))


def test_straight_growth_goes_on_as_it_did() -> None:
    rate = rate_of(grown(np.linspace(0, 1, POINTS)), room=50)

    assert rate.slope == pytest.approx(50 / POINTS, rel=0.04)
    assert rate.spread < 0.2


def test_growth_that_surely_speeds_up_is_foreseen_faster_than_its_newest_half() -> None:
    time = np.linspace(0, 1, POINTS)
    growth = grown(0.4 * time + 0.6 * time**2)
    half = np.polyfit(np.arange(POINTS // 2), growth[-POINTS // 2 :], 1)[0]

    assert rate_of(growth, room=50).slope > half


def test_a_jump_in_the_middle_is_no_bend() -> None:
    time = np.linspace(0, 1, POINTS)
    straight, jump = grown(0.8 * time), grown(0.8 * time + 0.1 * (time > 0.4))

    assert rate_of(jump, room=50).slope == pytest.approx(rate_of(straight, room=50).slope, rel=0.15)


def test_gaps_change_little() -> None:
    growth = grown(np.linspace(0, 1, POINTS))
    holed = growth.copy()
    holed[20:30] = np.nan

    assert rate_of(holed, room=50).slope == pytest.approx(rate_of(growth, room=50).slope, rel=0.03)


@pytest.mark.parametrize("points", [1, 2, 6])
def test_a_few_points_are_enough_for_a_number(points: int) -> None:
    rate = rate_of(np.arange(points, dtype=np.float64), room=10)

    assert np.isfinite(rate.slope)
    assert np.isfinite(rate.spread)
