import numpy as np
import pytest

from healing.anomaly.pattern import BELIEVED, learn_pattern

RANDOM = np.random.default_rng(4)
LOAD = RANDOM.standard_normal((5000, 1))
TOGETHER = LOAD + 0.1 * RANDOM.standard_normal((5000, 3))
"""Three signals that follow one load."""


def test_signals_that_part_company_depart_further_than_signals_that_rise_together() -> None:
    pattern = learn_pattern(TOGETHER)

    together, parted = pattern.departure(np.array([[2.0, 2.0, 2.0], [2.0, -2.0, 2.0]]))

    assert parted > together + 3


def test_a_departure_is_the_mahalanobis_distance() -> None:
    loose = LOAD + 0.5 * RANDOM.standard_normal((5000, 3))
    off = loose - loose.mean(axis=0)
    squared = np.einsum("nk,kj,nj->n", off, np.linalg.inv(np.cov(loose.T, bias=True)), off)

    assert learn_pattern(loose).departure(loose) == pytest.approx(np.log1p(squared))


def test_one_signal_far_away_counts_as_much_as_one_very_far_away() -> None:
    pattern = learn_pattern(TOGETHER)

    far, farther = pattern.departure(np.array([[BELIEVED, 0, 0], [1e6, 0, 0]]))

    assert far == farther


def test_fewer_than_three_signals_make_no_pattern() -> None:
    assert not learn_pattern(TOGETHER[:, :2]).departure(np.array([[9.0, -9.0]])).any()


def test_signals_that_never_move_and_what_was_not_measured_do_no_harm() -> None:
    still = np.c_[TOGETHER, np.zeros(5000)]

    departure = learn_pattern(still).departure(np.array([[np.nan, 0, 0, np.nan], [0, 0, 0, 5.0]]))

    assert np.isfinite(departure).all()
    assert departure[1] > departure[0]
