"""What became of an act whose answer was never written; and the fence right before an act."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from healing.adapters.ledger import FileLedger
from healing.diagnosis import Chronicle
from healing.errors import (
    HostUnavailableError,
    InstanceGoneError,
    OutcomeUnknownError,
    RefusedError,
)
from healing.incidents import Act, Book, Intended, Outcome, Remedy
from healing.instances import Instance
from healing.recovery.hands import SLACK, Hands
from healing.recovery.journal import Journal
from healing.recovery.look import Lookout
from healing.recovery.switch import Switch
from healing.remedies import fence
from healing.roster import Roll
from healing.services import Stack
from tests.stories import API, NOON, exited, incident, running, seconds, service

RESTART = Intended(remedy=Remedy.RESTART, fence=fence(running()), expectation="well")
START = Intended(remedy=Remedy.START, fence=fence(exited(1)), expectation="well")


class OneContainer:
    """A host with one container, which answers what the test says."""

    def __init__(self, now: Instance | None, error: Exception | None = None) -> None:
        self.now = now
        self.error = error
        self.acts: list[str] = []

    def inspect(self, id_or_name: str) -> Instance:
        if self.now is None:
            raise InstanceGoneError(id_or_name)
        return self.now

    def start(self, id_or_name: str) -> None:
        self._act("start")

    def restart(self, id_or_name: str, *, grace: timedelta) -> None:
        self._act(f"restart {grace.total_seconds():g}")

    def _act(self, what: str) -> None:
        self.acts.append(what)
        if self.error is not None:
            raise self.error


def hands(host: OneContainer, folder: Path, clock_at: datetime) -> Hands:
    roll = Roll(lambda _: Stack({API: service()}))
    lookout = Lookout(
        host=host,
        prober=None,
        roll=roll,
        chronicle=Chronicle(),
        readers=ThreadPoolExecutor(1),
        clock=lambda: clock_at,
        breaker=lambda _: None,
    )
    journal = Journal(FileLedger(folder), Book(), lambda: clock_at)
    return Hands(
        host=host,
        lookout=lookout,
        journal=journal,
        switch=Switch(folder / "paused"),
        clock=lambda: clock_at,
    )


@pytest.mark.parametrize(
    ("intended", "now", "after", "outcome"),
    [
        pytest.param(RESTART, running(started_at=NOON + seconds(3)), 5, Outcome.DONE, id="done"),
        pytest.param(RESTART, running(), 5, None, id="it may still be stopping"),
        pytest.param(RESTART, running(), 26, Outcome.UNKNOWN, id="it did not happen"),
        pytest.param(START, exited(1), 5, None, id="it may still be starting"),
        pytest.param(START, exited(1), 16, Outcome.UNKNOWN, id="it did not start"),
        pytest.param(START, running(started_at=NOON + seconds(1)), 5, Outcome.DONE, id="started"),
        pytest.param(RESTART, running(id="f00d"), 5, Outcome.SUPERSEDED, id="replaced"),
        pytest.param(RESTART, None, 5, Outcome.UNKNOWN, id="gone"),
    ],
)
def test_what_became_of_an_act(intended, now, after, outcome, tmp_path: Path) -> None:
    ours = hands(OneContainer(now), tmp_path, NOON + seconds(after))
    acted = ours.reconcile(Act(at=NOON, intended=intended), incident())
    assert (acted.outcome if acted else None) is outcome


def test_slack_is_longer_than_an_engine_takes_to_answer() -> None:
    assert timedelta(seconds=10) < SLACK


def test_a_restart_gives_the_container_its_own_time_to_stop(tmp_path: Path) -> None:
    host = OneContainer(running(stop_grace=seconds(7)))
    acted = hands(host, tmp_path, NOON).act(RESTART, running(), service())

    assert acted.outcome is Outcome.DONE
    assert host.acts == ["restart 7"]


@pytest.mark.parametrize(
    ("now", "error", "outcome", "touched"),
    [
        pytest.param(running(started_at=NOON), None, Outcome.SUPERSEDED, False, id="fence broken"),
        pytest.param(None, None, Outcome.REFUSED, False, id="gone"),
        pytest.param(running(), RefusedError("port taken"), Outcome.REFUSED, True, id="refused"),
        pytest.param(
            running(), HostUnavailableError("no"), Outcome.NOT_BEGUN, True, id="no engine"
        ),
        pytest.param(running(), OutcomeUnknownError("late"), None, True, id="no answer in time"),
    ],
)
def test_how_an_act_goes(now, error, outcome, touched: bool, tmp_path: Path) -> None:
    host = OneContainer(now, error)
    acted = hands(host, tmp_path, NOON).act(RESTART, running(), service())

    assert (acted.outcome if acted else None) is outcome
    assert bool(host.acts) is touched
