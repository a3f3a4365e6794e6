import pytest

from healing.instances import Instance, Status
from healing.remedies import broken, fence
from tests.stories import NOON, running


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(running(id="f00d" * 16), id="replaced by another of the same name"),
        pytest.param(running(status=Status.EXITED), id="it ended meanwhile"),
        pytest.param(running(started_at=NOON), id="somebody restarted it"),
        pytest.param(running(restart_count=1), id="Docker restarted it"),
    ],
)
def test_a_changed_container_breaks_the_fence(now: Instance) -> None:
    assert broken(fence(running()), now)


def test_the_same_container_in_the_same_run_keeps_it() -> None:
    assert broken(fence(running()), running()) is None
