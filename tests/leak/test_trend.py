import numpy as np
import pytest

from healing.leak.trend import trend_of


def test_a_straight_rise_is_sure_and_measured() -> None:
    noise = np.random.default_rng(0).standard_normal(60)

    trend = trend_of(2.0 * np.arange(60) + noise)

    assert trend.p < 1e-6
    assert trend.low <= 2.0 <= trend.high
    assert trend.slope == pytest.approx(2.0, rel=0.02)


def test_noise_is_called_a_trend_as_seldom_as_it_says() -> None:
    random = np.random.default_rng(1)

    called = [trend_of(random.standard_normal(50)).p < 0.05 for _ in range(300)]

    assert np.mean(called) < 0.1


def test_neighbours_that_are_alike_make_a_trend_less_sure() -> None:
    random, wandering = np.random.default_rng(2), list[bool]()
    for _ in range(200):
        away = np.zeros(80)
        for row in range(1, 80):
            away[row] = 0.7 * away[row - 1] + random.standard_normal()
        wandering.append(trend_of(away).p < 1e-3)

    assert np.mean(wandering) < 0.05


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.full(40, np.nan), id="unknown"),
        pytest.param(np.arange(9.0), id="too few"),
        pytest.param(np.full(40, 3.0), id="constant"),
    ],
)
def test_what_says_nothing_is_no_trend(points: np.ndarray) -> None:
    assert (trend_of(points).slope, trend_of(points).p) == (0.0, 1.0)
