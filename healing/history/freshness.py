"""Whether what we know of a signal is news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from healing.history.grid import Grid
from healing.history.history import History
from healing.history.reading import Answer, Reading
from healing.names import SignalName


class State(StrEnum):
    """How it stands with the data of one signal. Also the `state` label of metrics."""

    FRESH = "fresh"
    STALE = "stale"
    """The store answers, and its newest sample is old."""
    EMPTY = "empty"
    """The store answers, and has no sample in all the time that is kept."""
    SEVERAL = "several"
    """The query gives more than one series; it has to aggregate them."""
    BAD_QUERY = "bad_query"
    UNREACHABLE = "unreachable"
    """The store does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How it stands with the data of one signal, and why."""

    state: State
    last_at: datetime | None
    """Time of the newest sample that is known."""
    detail: str = ""
    """One sentence for a person; empty when fresh."""

    @property
    def is_fresh(self) -> bool:
        """Whether a judgement of now can rest on it."""
        return self.state is State.FRESH


_TROUBLE = {
    Answer.SEVERAL: State.SEVERAL,
    Answer.BAD_QUERY: State.BAD_QUERY,
    Answer.UNREACHABLE: State.UNREACHABLE,
}


def freshness(
    history: History, readings: Sequence[Reading], *, now: datetime, grid: Grid
) -> Mapping[SignalName, Freshness]:
    """Say of each signal whether it is fresh.

    Args:
        history: What is known, the readings absorbed.
        readings: How the store answered just now; signals without one are judged by history alone.
        now: The time to judge by.
        grid: The rules.
    """
    answered = {reading.read.signal: reading for reading in readings}
    return {
        signal: _judge(history.last_at(signal), answered.get(signal), now, grid)
        for signal in history.signals
    }


def _judge(
    last_at: datetime | None, reading: Reading | None, now: datetime, grid: Grid
) -> Freshness:
    if reading is not None and (state := _TROUBLE.get(reading.answer)):
        return Freshness(state=state, last_at=last_at, detail=reading.detail)

    if last_at is None:
        return Freshness(
            state=State.EMPTY, last_at=None, detail=f"no sample in the last {grid.keep}"
        )

    age = now - last_at
    if age.total_seconds() > grid.stale_seconds():
        rounded = timedelta(seconds=round(age.total_seconds()))
        return Freshness(
            state=State.STALE, last_at=last_at, detail=f"the newest sample is {rounded} old"
        )
    return Freshness(state=State.FRESH, last_at=last_at)
