from datetime import timedelta

import pytest

from healing.failure import HORIZONS, Prognosis, Reason, Sign
from healing.policy.failing import Terms, Word, horizon_for, likely_to_fail
from healing.policy.outlook import finding_of_failure
from tests.stories import API, NOON

TERMS = Terms(probability=0.5)


def prognosis(hour: float, *signs: Sign, failures: int = 5) -> Prognosis:
    reasons = tuple(Reason(sign=sign, value=3.0, log_odds=1.0) for sign in signs)
    return Prognosis(within=(0.0, hour, hour), reasons=reasons, failures=failures)


ENDINGS = prognosis(0.7, Sign.RESTARTS, Sign.STRANGEST)
FILLS = prognosis(0.9, Sign.EXHAUSTION, Sign.RESTARTS)
CALM = prognosis(0.1)


@pytest.mark.parametrize(
    ("now", "before", "is_filling", "word"),
    [
        pytest.param(ENDINGS, ENDINGS, False, Word.SAID_TWICE, id="two looks in a row"),
        pytest.param(ENDINGS, None, False, Word.SAID_ONCE, id="the first look"),
        pytest.param(ENDINGS, CALM, False, Word.SAID_ONCE, id="it was calm before"),
        pytest.param(CALM, ENDINGS, False, Word.UNLIKELY, id="it is over"),
        pytest.param(prognosis(0.7), ENDINGS, False, Word.NO_REASON, id="nothing speaks for it"),
        pytest.param(FILLS, FILLS, True, Word.COVERED, id="that it fills up is said already"),
        pytest.param(FILLS, FILLS, False, Word.SAID_TWICE, id="that it fills up is not said"),
        pytest.param(ENDINGS, ENDINGS, True, Word.SAID_TWICE, id="it fills up, and ends as well"),
    ],
)
def test_a_failure_is_told_when_it_is_likely_twice_for_a_reason_of_its_own(
    now: Prognosis, before: Prognosis | None, is_filling: bool, word: Word
) -> None:
    likely = likely_to_fail(now, before, terms=TERMS, is_filling=is_filling)

    assert likely.word is word
    assert (finding_of_failure(API, now, likely, terms=TERMS, at=NOON) is not None) is (
        word is Word.SAID_TWICE
    )


def test_the_finding_gives_the_probability_and_the_reasons() -> None:
    likely = likely_to_fail(ENDINGS, ENDINGS, terms=TERMS, is_filling=False)
    found = finding_of_failure(API, ENDINGS, likely, terms=TERMS, at=NOON)

    assert found.score == 0.7
    assert found.detail.startswith("fails with 70% within 1 h: times it ended by itself")
    assert found.detail.endswith("it behaves as in one minute of 1,000")


def test_what_is_only_assumed_is_said_to_be() -> None:
    assumed = prognosis(0.7, Sign.RESTARTS, failures=0)

    told = likely_to_fail(assumed, assumed, terms=TERMS, is_filling=False)

    assert "too few failures to learn from" in told.reason


@pytest.mark.parametrize(
    ("lead_time", "horizon"),
    [(5, HORIZONS[0]), (15, HORIZONS[0]), (16, HORIZONS[1]), (9999, HORIZONS[2])],
)
def test_the_horizon_is_as_long_as_a_person_wants_to_know_before(
    lead_time: int, horizon: timedelta
) -> None:
    assert horizon_for(timedelta(minutes=lead_time)) == horizon
