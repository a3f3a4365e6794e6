import numpy as np
import pytest

from healing.anomaly.surprise import doubt, learn_bulk, learn_surprise

SCORES = np.random.default_rng(5).exponential(size=5000)


def test_surprise_counts_what_was_seen() -> None:
    surprise = learn_surprise(SCORES, grain=0.01)

    assert surprise.of(np.quantile(SCORES, [0.5, 0.9])) == pytest.approx(
        -np.log10([0.5, 0.1]), abs=0.01
    )


def test_beyond_what_was_seen_the_tail_goes_on() -> None:
    surprise = learn_surprise(SCORES, grain=0.01)

    assert surprise.of(-np.log([1e-4, 1e-5])) == pytest.approx([4, 5], rel=0.15)


def test_no_score_is_rarer_than_the_data_can_tell() -> None:
    surprise = learn_surprise(SCORES[:1000], grain=0.01)

    assert surprise.of(np.array([1e9]))[0] == pytest.approx(6, abs=0.01)


def test_scores_that_are_all_alike_leave_room_for_one_that_is_not() -> None:
    surprise = learn_surprise(np.zeros(500), grain=0.1)

    assert surprise.of(np.zeros(1))[0] == pytest.approx(0, abs=0.01)
    assert surprise.of(np.ones(1))[0] > 3


def test_what_is_unknown_stays_unknown() -> None:
    assert np.isnan(learn_surprise(SCORES, grain=0.01).of(np.array([np.nan])))


def test_a_stranger_score_is_never_less_surprising() -> None:
    heavy = np.random.default_rng(5).standard_cauchy(300)

    surprises = learn_surprise(heavy, grain=0.1).of(np.linspace(-50, 500, 5000))

    assert (np.diff(surprises) >= 0).all()


def test_scores_that_differ_by_rounding_are_one_score() -> None:
    rounded = 0.3 + 1e-12 * np.arange(500)

    surprise = learn_surprise(rounded, grain=0.1)

    assert surprise.of(rounded).max() == pytest.approx(0, abs=0.01)


def test_the_less_of_a_week_is_known_the_more_it_is_doubted_up_to_a_bound() -> None:
    days = [doubt(int(days * 86_400)) for days in (0.1, 2, 4, 6, 7, 30)]
    assert days == sorted(days, reverse=True)
    assert (days[0], days[-2:]) == (1.5, [1.0, 1.0])


@pytest.mark.parametrize("trouble", [0, 50], ids=["none", "in one score of a hundred"])
def test_the_bulk_is_the_same_whatever_the_strangest_scores_are(trouble: int) -> None:
    scores = np.concatenate([SCORES[trouble:], np.full(trouble, 50.0)])

    surprise = learn_bulk(scores, grain=0.01)

    assert surprise.of(-np.log([1e-2, 1e-3, 1e-4])) == pytest.approx([2, 3, 4], rel=0.2)


@pytest.mark.parametrize("decades", [0.5, 1.0, 2.5, 4.0])
def test_a_score_is_found_by_how_rare_it_is(decades: float) -> None:
    surprise = learn_surprise(SCORES, grain=0.01)

    assert surprise.of(np.array([surprise.reached_at(decades)])) == pytest.approx(decades, abs=0.01)


def test_no_score_is_as_rare_as_the_data_cannot_tell() -> None:
    assert learn_surprise(SCORES[:1000], grain=0.01).reached_at(7.0) == np.inf
