"""Where signals are full: what the configuration says, or the metric store."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from healing.history import Answer, Read, Reading
from healing.names import SignalName
from healing.ports import MetricSource
from healing.services import Signal
from healing.watching.fading import Fading

CAPACITY = SignalName("capacity")


class Capacities:
    """Asks for all capacities of a look at once. Safe to use from several threads.

    While the store is silent, what it said last, within a day, counts: a limit hardly ever changes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = Fading[str, float]()

    def of(
        self, signals: Sequence[Signal], source: MetricSource, *, now: datetime
    ) -> Mapping[Signal, float]:
        """Say where each signal is full; one of which that is not known is missing.

        Zero is no limit: so the metric of a container without one says.

        Args:
            signals: Of any services.
            source: What is asked.
            now: The time of the look.
        """
        queries = dict.fromkeys(s.capacity for s in signals if isinstance(s.capacity, str))
        at = int(now.timestamp())
        readings = source.read(
            [Read(signal=CAPACITY, query=query, start=at, end=at, step=1) for query in queries]
        )
        with self._lock:
            answers = {one.read.query: self._answer(one, at) for one in readings}
        full = dict[Signal, float]()
        for signal in signals:
            capacity = signal.capacity
            capacity = answers[capacity] if isinstance(capacity, str) else capacity
            if capacity is not None and capacity > 0:
                full[signal] = capacity
        return full

    def _answer(self, reading: Reading, at: int) -> float | None:
        query = reading.read.query
        if reading.answer is Answer.UNREACHABLE:
            return self._known.get(query)
        known = reading.values[np.isfinite(reading.values)]
        if not known.size:
            return None
        self._known.keep(query, float(known[-1]), at=at)
        return float(known[-1])
