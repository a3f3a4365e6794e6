import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.anomaly import of_late
from healing.anomaly.aftermath import BEFORE, HALF_LIFE, PAST_DOUBT
from healing.features import score_of, surprise_of

known = st.floats(float(score_of(np.array(0.0))), 0.99999)
utmost = float(score_of(np.array(PAST_DOUBT)))
courses = st.lists(st.one_of(known, st.just(float("nan"))), max_size=60)


def by_hand(scores: np.ndarray) -> np.ndarray:
    """The definition, row by row."""
    surprise, before, late = np.minimum(surprise_of(scores), PAST_DOUBT), 0.0, []
    for one in surprise:
        before = before * 0.5 ** (1 / HALF_LIFE)
        if np.isfinite(one):
            before = max(before, one)
        late.append(((1 - BEFORE) * one**2 + BEFORE * max(before, one) ** 2) ** 0.5)
    return score_of(np.array(late, np.float64))


@given(courses)
def test_it_is_what_its_definition_says(course: list[float]) -> None:
    scores = np.array(course, np.float64)
    assert of_late(scores) == pytest.approx(by_hand(scores), nan_ok=True, abs=1e-9)


@given(courses)
def test_it_never_says_more_than_the_strangest_row_nor_less_than_the_row_up_to_all_doubt(
    course: list[float],
) -> None:
    scores = np.array(course, np.float64)
    late = of_late(scores)
    judged = np.isfinite(scores)
    assert np.isnan(late[~judged]).all()
    assert (late[judged] >= np.minimum(scores[judged], utmost) - 1e-9).all()
    assert (late[judged] <= np.maximum.accumulate(scores[judged]) + 1e-9).all()


def test_what_was_strange_counts_and_fades_by_half_in_two_hundred_rows() -> None:
    scores = score_of(np.r_[4.0, np.full(HALF_LIFE, 1.0)])
    late = surprise_of(of_late(scores))
    assert late[[0, -1]] == pytest.approx([4.0, (0.6 * 1 + 0.4 * 4) ** 0.5])


def test_what_is_past_all_doubt_does_not_outrank_what_follows_it() -> None:
    late = of_late(score_of(np.array([5.0, 9.0, 2.0, 6.0])))
    assert late[0] == late[1] == late[3] > late[2]


def test_what_a_model_of_few_days_finds_strange_counts_less() -> None:
    doubts = np.array([1.5, 1.5, 1.0])
    late = of_late(score_of(np.array([3.0, 6.0, 3.9])), doubts=doubts)
    assert surprise_of(late) == pytest.approx([2.0, 4.0, 3.94], abs=0.02)


def test_later_rows_change_nothing() -> None:
    scores = score_of(np.random.default_rng(1).exponential(1, 500))
    assert of_late(scores)[:300].tolist() == of_late(scores[:300]).tolist()


def test_a_long_course_stays_a_course() -> None:
    """A million rows, which would not fit in a number that grows as fast as surprise fades."""
    late = of_late(score_of(np.random.default_rng(1).exponential(0.4, 1_000_000)))
    assert np.isfinite(late).all()
    assert late.max() < 1


def test_nothing_has_no_course() -> None:
    assert of_late(np.empty(0)).shape == (0,)
