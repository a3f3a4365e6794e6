"""What a look at a container is told apart by."""

import pytest

from healing.incidents import Intended, Remedy
from healing.recovery.look import is_half_restarted
from healing.remedies import fence
from tests.stories import NOON, exited, incident, running, seconds

RESTART = Intended(remedy=Remedy.RESTART, fence=fence(running()), expectation="well")
START = Intended(remedy=Remedy.START, fence=fence(running()), expectation="well")
STOPPED = exited(143, finished_at=NOON + seconds(9))


@pytest.mark.parametrize(
    ("intended", "seen", "is_half"),
    [
        pytest.param(RESTART, STOPPED, True, id="it was stopped and not started"),
        pytest.param(RESTART, running(), False, id="it runs"),
        pytest.param(
            *(RESTART, exited(143, started_at=NOON, finished_at=NOON + seconds(9)), False),
            id="it was started, and ended again",
        ),
        pytest.param(RESTART, exited(1), False, id="it ended before that"),
        pytest.param(START, STOPPED, False, id="it was to be started"),
        pytest.param(RESTART, None, False, id="it is gone"),
    ],
)
def test_what_half_a_restart_is(intended: Intended, seen, is_half: bool) -> None:
    assert is_half_restarted(incident(intended), seen) is is_half
