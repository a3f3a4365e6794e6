from dataclasses import replace

import pytest

from healing.breakers import Because, State
from healing.breakers.operating import FleetBreaker, Lever
from healing.finding import Kind
from healing.policy.openings import is_an_opening, sign_of_opening
from tests.stories import CLOSED, OPEN

HALF_OPEN = replace(OPEN, verdict=State.HALF_OPEN, because=Because.TIME_OVER, epoch=5)
AGAIN = replace(OPEN, because=Because.TRIALS_FAILED, opened=2, epoch=6)
FORCED = replace(OPEN, override=Lever.FORCE_OPEN, epoch=5)
BY_HAND = replace(OPEN, because=Because.OPERATOR, epoch=6)


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        pytest.param(CLOSED, OPEN, True, id="it was closed"),
        pytest.param(HALF_OPEN, AGAIN, True, id="trials failed"),
        pytest.param(OPEN, AGAIN, True, id="trials failed between two looks"),
        pytest.param(None, OPEN, False, id="it was open when we came"),
        pytest.param(OPEN, OPEN, False, id="it is open still"),
        pytest.param(OPEN, replace(OPEN, epoch=5), False, id="its rules changed while open"),
        pytest.param(OPEN, HALF_OPEN, False, id="trials began"),
        pytest.param(OPEN, replace(CLOSED, epoch=9), False, id="it closed"),
        pytest.param(CLOSED, FORCED, False, id="a person forced it open"),
        pytest.param(FORCED, BY_HAND, False, id="a person's word ended"),
        pytest.param(CLOSED, BY_HAND, False, id="a person's word began and ended unseen"),
        pytest.param(
            replace(CLOSED, override=Lever.OBSERVE),
            replace(OPEN, override=Lever.OBSERVE),
            False,
            id="it only observes",
        ),
        pytest.param(
            replace(OPEN, override=Lever.OBSERVE), OPEN, False, id="it stops only observing"
        ),
    ],
)
def test_only_a_breaker_that_opens_by_itself_is_news(
    before: FleetBreaker | None, after: FleetBreaker, is_one: bool
) -> None:
    assert is_an_opening(before, after) is is_one


def test_the_finding_says_what_its_callers_saw_and_each_opening_is_its_own() -> None:
    first, second = sign_of_opening(OPEN), sign_of_opening(AGAIN)
    assert (first.service, first.instance, first.kind) == ("api", None, Kind.BREAKER_OPEN)
    assert first.detail == (
        "the breaker of api opened: 30 of 40 calls failed, seen by 3 of 4 processes"
    )
    assert "trials failed" in second.detail
    assert first.fingerprint != second.fingerprint
    assert first.fingerprint == sign_of_opening(OPEN).fingerprint
