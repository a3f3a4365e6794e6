"""An engine that ends stops its containers, and that is nobody's wish."""

import pytest

from healing.diagnosis import Chronicle, was_asked_to_stop
from healing.diagnosis.chronicle import Happenings, taken_along, was_taken_along
from healing.instances import Instance, What
from healing.names import InstanceName
from tests.stories import API_1, NOON, exited, happened, seconds

DB_1 = InstanceName("shop-db-1")


def stopped(ago: float, took: float = 0.5) -> Happenings:
    return (
        happened(What.SIGNALLED, ago, signal=15),
        happened(What.DIED, ago - took, exit_code=0),
        happened(What.STOPPED, ago - took),
    )


def down(name: InstanceName = API_1, ago: float = 1) -> Instance:
    return exited(0, name=name, finished_at=NOON - seconds(ago))


@pytest.mark.parametrize(
    ("known", "ended", "taken"),
    [
        pytest.param({API_1: stopped(3)}, 2, True, id="it was asked, and then the engine ended"),
        pytest.param(
            *({API_1: stopped(13), DB_1: stopped(12, took=10)}, 1, True),
            id="the engine waited for another one",
        ),
        pytest.param(
            {API_1: stopped(20), DB_1: stopped(3)}, 2, False, id="it was asked long before others"
        ),
        pytest.param({API_1: stopped(60)}, 2, False, id="the engine ended long after that"),
        pytest.param(
            {API_1: (happened(What.STARTED, 900),)}, 2, True, id="it ended, and nobody heard of it"
        ),
        pytest.param(
            {API_1: (happened(What.DIED, 1),)}, 2, False, id="it ended by itself, and we heard"
        ),
    ],
)
def test_what_an_engine_takes_along(known, ended: float, taken: bool) -> None:
    found = taken_along(known, [down()], ended_at=NOON - seconds(ended))
    assert bool(found) is taken


def test_what_was_down_for_long_was_not_taken_along() -> None:
    assert taken_along({}, [down(ago=600)], ended_at=NOON) == []


def test_nobody_asked_it_to_stop_until_somebody_does() -> None:
    chronicle = Chronicle()
    for one in stopped(3):
        chronicle.add(one)
    chronicle.engine_ended(NOON - seconds(2), [down(ago=2.5)])
    assert was_taken_along(chronicle.of(API_1))
    assert not was_asked_to_stop(chronicle.of(API_1))

    for one in (happened(What.STARTED, 2), *stopped(1.5)):
        chronicle.add(one)
    assert not was_taken_along(chronicle.of(API_1))
    assert was_asked_to_stop(chronicle.of(API_1))
