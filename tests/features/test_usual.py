import numpy as np
import pytest

from healing.features import learn_usual
from tests.metrics import DAY, EPOCH

HOUR = DAY // 24


def times(days: float, step: int = 300) -> np.ndarray:
    return EPOCH - step * np.arange(int(days * DAY / step))[::-1]


def noise(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(rows)


def test_the_shape_of_the_day_is_learned() -> None:
    at = times(4)
    load = 10 * np.sin(2 * np.pi * at / DAY)
    usual = learn_usual((load + noise(len(at)))[:, None], at)

    tomorrow = at[-288:] + DAY
    expected = 10 * np.sin(2 * np.pi * tomorrow / DAY)

    assert np.abs(usual.at(tomorrow)[:, 0] - expected).max() < 1.5
    assert usual.spread[0] == pytest.approx(1.0, abs=0.2)


def test_no_shape_is_learned_where_there_is_none() -> None:
    at = times(6)

    usual = learn_usual(noise(len(at))[:, None], at)

    assert np.abs(usual.shape).max() < 0.2


def test_one_day_says_nothing_about_the_shape_of_days() -> None:
    at = times(1)

    usual = learn_usual(10 * np.sin(2 * np.pi * at / DAY)[:, None], at)

    assert not usual.shape.any()


def test_trouble_in_a_third_of_the_rows_is_not_taken_for_usual() -> None:
    at = times(1)
    values = 10 + noise(len(at))
    values[: len(at) // 3] += 500

    usual = learn_usual(values[:, None], at)

    assert usual.centre[0] == pytest.approx(10, abs=1)
    assert usual.spread[0] < 4


@pytest.mark.parametrize(
    ("column", "spread"),
    [
        pytest.param(np.full(100, 7.0), 0.0, id="it never moved"),
        pytest.param(np.r_[np.full(96, 5.0), np.full(4, 6.0)], 0.196, id="it hardly ever moved"),
        pytest.param(np.r_[np.full(50, np.nan), np.full(50, 7.0)], 0.0, id="half was missed"),
    ],
)
def test_the_spread_of_what_hardly_moves(column: np.ndarray, spread: float) -> None:
    usual = learn_usual(column[:, None], times(100 * 300 / DAY))

    assert usual.spread[0] == pytest.approx(spread, abs=0.001)
