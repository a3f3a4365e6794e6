"""What we need from the outside world, in our own words.

Every call is bounded in time by its adapter and raises only errors of `healing.errors`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from numpy.typing import NDArray

from healing.breakers.operating import Command, FleetBreaker, Pulled, Transition, Trial
from healing.history import History, Read, Reading
from healing.incidents import Entry, Incident
from healing.instances import Happening, Instance
from healing.names import IncidentId, ServiceName
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

    def happened(self, *, since: datetime) -> Sequence[Happening]:
        """List what happened since then, as far as the engine remembers, oldest first.

        Raises:
            HostUnavailableError: The engine did not answer in time.
        """
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


class MetricSource(Protocol):
    """Where measurements come from: Prometheus, or what speaks its query API."""

    def ping(self) -> None:
        """See whether it answers a query.

        Raises:
            SourceUnavailableError: It does not, and why.
        """
        ...

    def read(self, reads: Sequence[Read]) -> Sequence[Reading]:
        """Ask each question; the answers come in the same order.

        Trouble is said in the answer it concerns, and never raised.
        """
        ...


class HistoryStore(Protocol):
    """Keeps history between runs. It is a copy: what is lost is read again."""

    def load(self, service: ServiceName) -> History | None:
        """Give what was kept; None when there is nothing, or nothing whole.

        Raises:
            SetupError: It is there, and may not or cannot be read now.
        """
        ...

    def save(
        self, service: ServiceName, history: History, *, changed_from: int | None = None
    ) -> None:
        """Keep `history` in place of what was kept before.

        Nothing before `changed_from` (seconds since the epoch) differs from that; None: unknown.

        Raises:
            SetupError: It cannot be written.
        """
        ...

    def extend(self, service: ServiceName, newer: History, *, most: int) -> None:
        """Put rows behind those that are kept; about `most` are, the newest.

        Rows at times that are kept already change nothing. What is kept of another step, or of
        other signals, is replaced.

        Raises:
            SetupError: They cannot be written.
        """
        ...

    def keep_only(self, services: Collection[ServiceName], *, before: datetime) -> None:
        """Forget the history of every other service that was last written before a time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a stored model is, so that nobody needs to guess."""

    kind: str
    """Which part of us understands it, for instance `anomaly`."""
    schema: int
    """Its make; another make cannot be used."""
    code_version: str
    made_at: datetime
    data_from: datetime
    data_until: datetime
    signals: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    """How good it was found to be, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """Plain arrays, and what they are."""

    manifest: Manifest
    arrays: Mapping[str, NDArray[Any]]


class ModelStore(Protocol):
    """Keeps the last few versions of each model."""

    def load(self, name: str) -> StoredModel:
        """Give the newest version that is whole.

        Raises:
            ModelUnusableError: There is none: train again.
        """
        ...

    def save(self, name: str, model: StoredModel) -> str:
        """Keep a new version, and say what it is called.

        Raises:
            SetupError: It cannot be written.
        """
        ...

    def keep_only(self, names: Collection[str], *, before: datetime) -> None:
        """Forget every other model that was last written before a time."""
        ...


class FleetBreakers(Protocol):
    """The breakers that a fleet of processes shares; every method asks once, and gives up soon.

    Every method raises StateUnavailableError when there is no answer in time.
    """

    def changed(self, since: int) -> tuple[int, frozenset[str]]:
        """Name those that changed since a moment, 0 for all there are; and give the next moment."""
        ...

    def read(self, names: Sequence[str]) -> Sequence[FleetBreaker]:
        """See how some stand, in the same order; one that nobody uses is closed."""
        ...

    def history(self, name: str) -> Sequence[Pulled]:
        """Give what operators did to one, newest first."""
        ...

    def transitions(self, name: str) -> Sequence[Transition]:
        """Give how one changed and why, newest first."""
        ...

    def pull(self, name: str, command: Command) -> FleetBreaker:
        """Do what an operator wants, in every process, and write it down.

        Raises:
            StateConflictError: It has changed since the epoch that the command names.
        """
        ...

    def take_trial(self, name: str) -> tuple[FleetBreaker, Trial | None]:
        """Ask for leave to try what was just mended; None when all trials are taken.

        It need not wait until the breaker's time is over, as users' requests must.
        """
        ...

    def settle_trial(self, name: str, trial: Trial, *, ok: bool) -> FleetBreaker:
        """Say how a trial went; one that comes too late is ignored."""
        ...
