from datetime import timedelta

import pytest

from healing.names import ServiceName
from healing.policy.storm import Failing, storm_around
from tests.stories import NOON, seconds


def failing(**ago: float) -> dict[ServiceName, object]:
    return {ServiceName(name): NOON - seconds(when) for name, when in ago.items()}


@pytest.mark.parametrize(
    ("since", "asked", "needs", "storm"),
    [
        pytest.param(failing(a=9), 1, {}, (), id="one of one"),
        pytest.param(failing(a=9, b=8), 2, {}, (), id="two of two may be chance"),
        pytest.param(failing(a=9, b=8, c=7), 4, {}, ("a", "b", "c"), id="three of four"),
        pytest.param(failing(a=9, b=8, c=7), 10, {}, (), id="three of ten"),
        pytest.param(
            failing(a=9, b=8, c=7, d=6, e=5), 100, {}, ("a", "b", "c", "d", "e"), id="five of many"
        ),
        pytest.param(failing(a=9, b=8, c=200), 4, {}, (), id="one was bad long before"),
        pytest.param(failing(a=9, b=8, c=7), 4, {"c": ("a",)}, (), id="one needs another"),
        pytest.param(
            failing(a=9, b=8, c=7), 4, {"c": ("x",), "x": ("a",)}, (), id="over one that is well"
        ),
        pytest.param(failing(a=9, b=8, c=7), 4, {"c": ("down",)}, (), id="one needs what is down"),
        pytest.param(failing(b=8, c=7, d=6), 4, {}, (), id="it is not among them"),
    ],
)
def test_what_a_storm_is(since, asked: int, needs, storm: tuple[str, ...]) -> None:
    stand = Failing(since=since, down=frozenset({ServiceName("down")}), asked=asked)
    found = storm_around(ServiceName("a"), stand, needs)
    assert (found.services if found else ()) == storm


def test_a_storm_says_since_when() -> None:
    stand = Failing(since=failing(a=9, b=30, c=7), down=frozenset(), asked=3)
    found = storm_around(ServiceName("a"), stand, {})
    assert found.since == NOON - timedelta(seconds=30)
