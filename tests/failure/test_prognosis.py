"""The reasons of a prognosis, and the signs it rests on."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing import failure
from healing.failure import SIGNS, Sign, Signs


def test_the_reasons_are_the_three_strongest_and_the_strongest_comes_first() -> None:
    signs = Signs(
        values={Sign.RESTARTS: 3, Sign.LEAK: 1, Sign.BURN: 20.0, Sign.STRANGEST: 4.0},
        full_within=(0.9, 1.0, 1.0),
    )
    seen = failure.foresee(failure.cold(), signs)
    assert [r.sign for r in seen.reasons] == [Sign.EXHAUSTION, Sign.RESTARTS, Sign.BURN]
    assert seen.reasons[0].log_odds > seen.reasons[1].log_odds > 0
    assert seen.why.startswith("something it needs is full within the hour, with probability 100%")
    assert seen.within_the_hour > 0.9


@pytest.mark.parametrize(
    "signs",
    [
        pytest.param(Signs(), id="nothing known"),
        pytest.param(
            Signs(values=dict.fromkeys(SIGNS, 0.0), full_within=(0, 0, 0)), id="all quiet"
        ),
    ],
)
def test_without_a_sign_there_is_no_reason(signs: Signs) -> None:
    seen = failure.foresee(failure.cold(), signs)
    assert seen.reasons == ()
    assert seen.why == "nothing speaks for a failure"


@given(st.lists(st.floats(1, 1e7), min_size=3, max_size=3))
def test_the_chance_of_being_full_never_falls_with_the_horizon(seconds: list[float]) -> None:
    spans = [timedelta(seconds=s) for s in sorted(seconds)]
    within = failure.chance_within(*spans)
    assert list(within) == sorted(within)
    assert all(0 < p < 1 for p in within)


def test_strange_rows_are_remembered_for_as_long_as_their_sign_says() -> None:
    scores = np.full(200, 0.1)
    scores[100] = 0.9
    signs = failure.signs_of_strangeness(scores, 60)
    assert signs[Sign.STRANGEST][99:106].round(2).tolist() == [1, 3, 3, 3, 3, 3, 1]
    assert signs[Sign.STRANGENESS][150] > signs[Sign.STRANGENESS][99]
    assert signs[Sign.STRANGENESS][160] == pytest.approx(signs[Sign.STRANGENESS][99])


def test_a_score_that_is_not_known_says_nothing() -> None:
    signs = failure.signs_of_strangeness(np.full(10, math.nan), 60)
    assert all(np.isnan(column).all() for column in signs.values())
