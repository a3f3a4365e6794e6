"""Read what is new of every service, and keep it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from healing.services import Service


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """What is known of one service, and how far it can be relied on."""

    service: Service
    history: History
    states: Mapping[SignalName, Freshness]
    now: datetime

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
        known = {s.name: self.histories.load(s.name) for s in services}
        asked = [
            (service, read)
            for service in services
            for read in what_to_read(known[service.name], service.signals, now=now, grid=self.grid)
        ]
        readings = self.source.read([read for _, read in asked])
        answers = defaultdict[ServiceName, list[Reading]](list)
        for (owner, _), reading in zip(asked, readings, strict=True):
            answers[owner.name].append(reading)
        found: list[Observed] = []
        for service in services:
            mine = answers[service.name]
            history = absorb(
                known[service.name], mine, signals=service.signals, now=now, grid=self.grid
            )
            self.histories.save(
                service.name, history, changed_from=_first_asked(mine, known[service.name])
            )
            states = freshness(history, mine, now=now, grid=self.grid)
            found.append(Observed(service=service, history=history, states=states, now=now))
        return found


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
