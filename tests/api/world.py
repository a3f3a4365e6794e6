"""An application over what it serves from; only the launcher is not real: it notes."""

from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from healing.adapters.ledger import FileLedger
from healing.api.access import Access, Caller, Role
from healing.api.app import create_app
from healing.api.desk import Desk
from healing.api.schemas import DependencyView
from healing.diagnosis import Chronicle
from healing.incidents import Book
from healing.names import Actor, IncidentId
from healing.ports import FleetBreakers
from healing.recovery.dispatch import Dispatch
from healing.recovery.journal import Journal
from healing.recovery.switch import Switch
from healing.roster import Roll
from healing.services import Stack
from healing.watching import FleetWatch, Latest
from tests.stories import API, running, service


class Notes:
    """A launcher that only notes what it was asked to launch."""

    def __init__(self) -> None:
        self.launched: list[IncidentId] = []

    def launch(self, incident: IncidentId) -> None:
        self.launched.append(incident)

    def link(self, incident: IncidentId) -> str | None:
        return f"http://prefect/{incident}" if incident in self.launched else None


class World:
    def __init__(
        self, tmp_path: Path, fleet: FleetBreakers | None = None, configured: tuple[str, ...] = ()
    ) -> None:
        self.breakers = FleetWatch(fleet, configured, now)
        self.engine = DependencyView(name="containers", ok=True, detail="Docker")
        self.prefect = DependencyView(name="prefect", ok=True, detail="connected")
        self.notes = Notes()
        self.book = Book()
        self.latest = Latest()
        roll = Roll(lambda _: Stack({API: service()}))
        roll.call([running()])
        journal = Journal(FileLedger(tmp_path / "ledger"), self.book, now)
        self.desk = Desk(
            book=self.book,
            dispatch=Dispatch(journal, roll, Chronicle(), self.notes, now),
            launcher=self.notes,
            switch=Switch(tmp_path / "paused"),
            roll=roll,
            answers=dict,
            latest=self.latest,
            breakers=self.breakers,
            checkups=(lambda: self.engine, lambda: self.prefect),
            vital=frozenset({"containers"}),
            clock=now,
            version="1",
        )

    def client(self, **tokens: tuple[str, Role]) -> TestClient:
        callers = {token: Caller(Actor(name), role) for token, (name, role) in tokens.items()}
        app = create_app(self.desk, Access(callers))
        return TestClient(app, base_url="http://127.0.0.1:8200")


def now() -> datetime:
    return datetime.now(UTC)
