from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from healing.adapters.ledger import FileLedger
from healing.diagnosis import Chronicle
from healing.errors import UnknownContainerError
from healing.finding import Kind
from healing.incidents import Begun, Book, Closed, Ending, Remedy
from healing.instances import Happening, What
from healing.names import AGENT, Actor, IncidentId, InstanceName, SignalName
from healing.policy import Attach, Because, Ignore, Open
from healing.recovery.dispatch import Dispatch, Request, left_alone
from healing.recovery.journal import Journal
from healing.roster import Roll
from healing.services import ByCompose, Stack
from tests.stories import API, NOON, exited, finding, happened, incident, running, service

LABELS = {"com.docker.compose.service": "api"}


def closed(ending: Ending, because: Because = Because.NOT_HEALED) -> Closed:
    return Closed(ending=ending, because=because, detail="")


def started(ago: float) -> Happening:
    return happened(What.STARTED, ago)


class Launches(list[IncidentId]):
    def launch(self, incident: IncidentId) -> None:
        self.append(incident)

    def link(self, incident: IncidentId) -> str | None:
        return None


class Scene:
    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.launches = Launches()
        self.chronicle = Chronicle()
        self.book = Book()
        self.journal = Journal(FileLedger(folder), self.book, lambda: self.now)
        roll = Roll(lambda _: Stack({API: service(target=ByCompose("api"))}))
        roll.call(
            [
                running(name="shop-api-1", labels=LABELS),
                exited(1, name="shop-api-2", labels=LABELS),
            ]
        )
        self.dispatch = Dispatch(
            self.journal, roll, self.chronicle, self.launches, lambda: self.now
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_new_trouble_opens_an_incident_and_launches_its_recovery(scene: Scene) -> None:
    assert scene.dispatch.notice(finding()) == Open()
    (known,) = scene.book.open()
    assert scene.launches == [known.id]


def test_more_signs_of_it_are_attached_and_the_same_sign_is_not(scene: Scene) -> None:
    scene.dispatch.notice(finding())
    (known,) = scene.book.open()

    assert scene.dispatch.notice(finding(Kind.UNRESPONSIVE)) == Attach(known.id)
    assert scene.dispatch.notice(finding()) == Ignore(Because.ALREADY_OPEN)
    assert len(scene.launches) == 1


def test_trouble_of_two_containers_is_two_incidents(scene: Scene) -> None:
    scene.dispatch.notice(finding())
    scene.dispatch.notice(finding(instance=InstanceName("shop-api-2")))
    assert len(scene.book.open()) == 2


def test_trouble_of_the_service_as_a_whole_is_taken_to_its_worst_container(scene: Scene) -> None:
    scene.dispatch.notice(finding(Kind.EXHAUSTION, instance=None))
    assert scene.book.open()[0].instance == "shop-api-2"


def test_what_nobody_looks_after_is_ignored(scene: Scene) -> None:
    assert scene.dispatch.notice(finding(service="other")) == Ignore(Because.NOT_ENABLED)


def test_an_opening_breaker_asks_for_what_the_configuration_says(scene: Scene) -> None:
    first = finding(Kind.BREAKER_OPEN, instance=None, signal=SignalName("breaker@3"))
    scene.dispatch.notice(first, remedy=Remedy.RESTART)
    (known,) = scene.book.open()
    assert (known.asked_for, known.insisted_on, known.by) == (Remedy.RESTART, None, AGENT)
    assert scene.dispatch.notice(first) == Ignore(Because.ALREADY_OPEN), "one opening, one sign"
    again = finding(Kind.BREAKER_OPEN, instance=None, signal=SignalName("breaker@6"))
    assert scene.dispatch.notice(again) == Attach(known.id)


def test_a_request_for_the_same_joins_and_for_another_remedy_does_not(scene: Scene) -> None:
    def ask(remedy: Remedy | None) -> IncidentId:
        request = Request(service=API, by=Actor("ada"), reason="slow", remedy=remedy)
        return scene.dispatch.request(request).id

    assert ask(None) == ask(None)
    assert ask(Remedy.RESTART) != ask(None)


def test_a_request_is_about_a_container_of_the_service_it_names(scene: Scene) -> None:
    request = Request(service=API, by=Actor("ada"), reason="odd", remedy=Remedy.RESTART)
    first = InstanceName("shop-api-1")

    assert scene.dispatch.request(replace(request, instance=first)).instance == first
    with pytest.raises(UnknownContainerError, match="shop-api-1, shop-api-2"):
        scene.dispatch.request(replace(request, instance=InstanceName("shop-db-1")))


def test_a_container_whose_recovery_was_cancelled_is_left_alone(scene: Scene) -> None:
    scene.dispatch.notice(finding())
    scene.journal.write(scene.book.open()[0].id, closed(Ending.CANCELLED, Because.CANCELLED))

    assert scene.dispatch.notice(finding()) == Ignore(Because.CANCELLED)
    scene.now += timedelta(hours=2)
    assert scene.dispatch.notice(finding()) == Open()


@pytest.mark.parametrize(
    ("ending", "lately", "brought_back", "hours", "left"),
    [
        pytest.param(Ending.ESCALATED, (), 0, 0, True, id="we gave up on it"),
        pytest.param(Ending.CANCELLED, (), 0, 0, True, id="a person cancelled"),
        pytest.param(Ending.HEALED, (), 0, 0, False, id="it was healed"),
        pytest.param(Ending.RECOVERED, (), 0, 0, False, id="it recovered"),
        pytest.param(Ending.ESCALATED, (), 0, 2, False, id="that was long ago"),
        pytest.param(Ending.ESCALATED, (started(60),), 0, 0, True, id="started before that"),
        pytest.param(Ending.ESCALATED, (started(-60),), 0, 0, False, id="started since then"),
        pytest.param(
            *(Ending.ESCALATED, (started(-20), started(-40)), 5, 0, True),
            id="the engine brought it back each time",
        ),
        pytest.param(
            *(Ending.ESCALATED, (started(-20), started(-40)), 5, 0.5, False),
            id="the engine brought it back, and it stayed up",
        ),
        pytest.param(
            *(Ending.ESCALATED, (started(-20), started(-40), started(-60)), 2, 0, False),
            id="somebody started it, and the engine brought it back after that",
        ),
    ],
)
def test_when_a_container_is_left_alone(
    ending, lately, brought_back: int, hours: float, left: bool
) -> None:
    last = incident(Begun(AGENT), closed(ending))
    now = NOON + timedelta(hours=hours, seconds=70)
    found = left_alone(last, lately, running(restart_count=brought_back), now)
    assert (found is not None) is left
