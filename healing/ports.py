"""What we need from the outside world, in our own words.

Every call is bounded in time by its adapter and raises only errors of `healing.errors`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from healing.incidents import Entry, Incident
from healing.instances import Happening, Instance
from healing.names import IncidentId
from healing.services import Exec, Probe


class HappeningStream(Iterator[Happening], Protocol):
    """What happens, in order, one at a time."""

    def close(self) -> None:
        """End it; a thread that waits for the next happening sees the end. From any thread."""
        ...


class Host(Protocol):
    """Where the containers live: a Docker engine, or a supervisor of processes."""

    def ping(self) -> str:
        """Answer with the engine's name and version.

        Raises:
            HostUnavailableError: It did not answer in time.
        """
        ...

    def identity(self) -> str:
        """Name the engine itself: the same engine, however it is reached, has the same name.

        Raises:
            HostUnavailableError: It did not answer in time.
        """
        ...

    def instances(self) -> Sequence[Instance]:
        """List every container, running or not, without health logs.

        Raises:
            HostUnavailableError: The engine did not answer in time.
        """
        ...

    def inspect(self, id_or_name: str) -> Instance:
        """Look at one container closely.

        Raises:
            InstanceGoneError: There is no such container.
            HostUnavailableError: The engine did not answer in time.
        """
        ...

    def logs(self, id_or_name: str, *, lines: int, since: datetime | None = None) -> str:
        """Read the last lines of output, both streams, oldest first."""
        ...

    def start(self, id_or_name: str) -> None:
        """Start a stopped container.

        Raises:
            RefusedError: The engine says why it cannot.
            InstanceGoneError: There is no such container.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        ...

    def restart(self, id_or_name: str, *, grace: timedelta) -> None:
        """Stop a container, killing it after `grace`, and start it again.

        Raises:
            RefusedError: The engine says why it cannot.
            InstanceGoneError: There is no such container.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        ...

    def execute(self, id_or_name: str, command: Exec, *, timeout: timedelta) -> tuple[int, str]:
        """Run a program inside. Returns its exit code and the end of its output."""
        ...

    def happenings(self, *, since: datetime | None) -> HappeningStream:
        """Follow what happens, from `since` on as far as the engine remembers.

        It is connected when it is returned: look at the containers after that, and nothing is
        missed. Ends when the connection does; the caller connects again and reconciles.

        Raises:
            HostUnavailableError: The engine did not answer, or fell silent.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What one probe of one container said."""

    ok: bool
    detail: str
    """One sentence: the status, the error, how long it took."""
    at: datetime
    took: timedelta


class Prober(Protocol):
    """Asks a container whether it works."""

    def ask(self, probe: Probe, instance: Instance) -> ProbeResult:
        """Ask once. A timeout or a refused connection is a bad answer, not an error."""
        ...


class Ledger(Protocol):
    """What was seen, decided and done: append-only, on local disk, synced before any act."""

    def append(self, entry: Entry) -> None:
        """Write one line and sync it to disk.

        Raises:
            LedgerFullError: It cannot be written; nothing may be acted upon.
        """
        ...

    def entries(self, *, since: datetime | None = None) -> Iterator[Entry]:
        """Read it back, oldest first. A torn line is left out, and said in the log."""
        ...


class Launcher(Protocol):
    """Starts a recovery and says where to look at it."""

    def launch(self, incident: IncidentId) -> None:
        """Make the recovery of `incident` begin within half a second, recorded now or later.

        Never waits and never raises; may be called from any thread.
        """
        ...

    def link(self, incident: IncidentId) -> str | None:
        """Give the address of its flow run; None while it has none."""
        ...


class Board(Protocol):
    """Somebody who wants to know each line of the ledger once it is safe."""

    def post(self, entry: Entry, incident: Incident) -> None:
        """Take in one line, and how the incident stands after it. Never waits, never raises."""
        ...
