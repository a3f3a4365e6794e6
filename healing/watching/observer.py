"""Read what is new of every service, and keep it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from healing.history import (
    Freshness,
    Grid,
    History,
    Reading,
    State,
    absorb,
    freshness,
    what_to_read,
)
from healing.names import ServiceName, SignalName
from healing.ports import HistoryStore, MetricSource
from healing.roster import Roll
from healing.services import Service, Signal
from healing.watching.peers import signals_of_replicas

PEERS_KEPT = timedelta(days=3)
"""How long the history of a replica is kept: a leak shows within a day or two."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """What is known of one service, and how far it can be relied on."""

    service: Service
    history: History
    states: Mapping[SignalName, Freshness]
    now: datetime
    replicas: History | None = None
    """What is known of each replica, a column for each (see `of_replica`); None: not asked."""

    @property
    def trouble(self) -> str:
        """What is wrong with its data, in one line; empty when all of it is fresh."""
        return "; ".join(
            f"{name}: {known.detail}" for name, known in self.states.items() if known.detail
        )

    def is_fresh(self, signal: SignalName) -> bool:
        """Whether a judgement of now can rest on a signal."""
        known = self.states.get(signal)
        return known is not None and known.state is State.FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Reads the metric store, only what is new, and keeps history on disk."""

    source: MetricSource
    histories: HistoryStore
    roll: Roll
    grid: Grid
    replicas: HistoryStore
    """Keeps what is known of each replica, for three days at most."""
    clock: Callable[[], datetime]

    def services(self) -> list[Service]:
        """List the services that have anything to measure."""
        return [s for s in self.roll.now.stack.services.values() if s.signals]

    def observe(self, services: Sequence[Service]) -> list[Observed]:
        """Read what is new of each; trouble is a state of the data, and never raised.

        Raises:
            SetupError: History cannot be written to disk.
        """
        now = self.clock()
        wholes = [_Subject(s.name, s.signals, self.histories, self.grid) for s in services]
        short = replace(self.grid, keep=min(self.grid.keep, PEERS_KEPT))
        parts = [
            _Subject(s.name, signals, self.replicas, short)
            for s in services
            if (signals := signals_of_replicas(s, self.roll.now.of(s.name)))
        ]
        read = self._read([*wholes, *parts], now)
        peers = {
            one.name: history for one, (history, _) in zip(parts, read[len(wholes) :], strict=True)
        }
        return [
            Observed(
                service=service,
                history=history,
                states=freshness(history, readings, now=now, grid=self.grid),
                now=now,
                replicas=peers.get(service.name),
            )
            for service, (history, readings) in zip(services, read, strict=False)
        ]

    def _read(
        self, subjects: Sequence["_Subject"], now: datetime
    ) -> list[tuple[History, list[Reading]]]:
        """Put all questions at once; keep what they say of each subject, and give it."""
        known = [one.store.load(one.name) for one in subjects]
        asked = [
            (number, read)
            for number, one in enumerate(subjects)
            for read in what_to_read(known[number], one.signals, now=now, grid=one.grid)
        ]
        answers: list[list[Reading]] = [[] for _ in subjects]
        readings = self.source.read([read for _, read in asked])
        for (number, _), reading in zip(asked, readings, strict=True):
            answers[number].append(reading)
        found = list[tuple[History, list[Reading]]]()
        for one, before, mine in zip(subjects, known, answers, strict=True):
            history = absorb(before, mine, signals=one.signals, now=now, grid=one.grid)
            one.store.save(one.name, history, changed_from=_first_asked(mine, before))
            found.append((history, mine))
        return found


@dataclass(frozen=True, slots=True)
class _Subject:
    """Signals that are read and kept together."""

    name: ServiceName
    signals: tuple[Signal, ...]
    store: HistoryStore
    grid: Grid


def _first_asked(readings: Sequence[Reading], known: History | None) -> int | None:
    """Say from when on something new may have been read; None when all of it may be new."""
    if known is None:
        return None
    for reading in readings:
        mark = known.marks.get(reading.read.signal)
        if mark is None or mark.query != reading.read.query:
            return None
    starts = [reading.read.start for reading in readings if reading.times.size]
    return min(starts, default=known.end + known.step)
