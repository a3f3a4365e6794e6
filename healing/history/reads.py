"""What to ask the metric store for, and how its answers become history."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.history.counters import is_counter, per_second
from healing.history.grid import SECOND, Grid
from healing.history.history import History, Mark
from healing.history.reading import Answer, Read, Reading
from healing.names import SignalName
from healing.services import Signal

UNDECIDED = timedelta(hours=1) // SECOND
"""Series that stand side by side are looked at again for this long: one of them may be ending."""


def what_to_read(
    history: History | None, signals: Sequence[Signal], *, now: datetime, grid: Grid
) -> tuple[Read, ...]:
    """Ask for what is new, and for a little before it.

    A signal that was never read, whose query has changed, or that was read at a time that is yet to
    come, is asked for from the beginning of what is kept.
    """
    return tuple(
        Read(
            signal=signal.name,
            query=signal.query,
            start=_from(_mark(history, signal, grid), signal.query, now, grid),
            end=grid.newest(now),
            step=grid.step_seconds,
        )
        for signal in signals
    )


def absorb(
    history: History | None,
    readings: Sequence[Reading],
    *,
    signals: Sequence[Signal],
    now: datetime,
    grid: Grid,
) -> History:
    """Write answers into history, and drop what is older than the grid keeps.

    The same answer absorbed twice changes nothing. A late sample is filled in, a corrected one
    replaces the old. A sample that the store no longer has stays known.

    Args:
        history: What is known so far; None when nothing is.
        readings: The answers; signals without one keep what is known.
        signals: The columns of the result, in this order.
        now: The newest row is at or before it.
        grid: The rules.
    """
    names = tuple(signal.name for signal in signals)
    oldest, step = grid.oldest(now), grid.step_seconds
    values = np.full((grid.rows, len(signals)), np.nan, np.float32)
    marks = dict[SignalName, Mark]()
    for signal in signals:
        if (mark := _mark(history, signal, grid)) is not None:
            marks[signal.name] = Mark(mark.query, min(mark.until, grid.newest(now)))
    if history is not None and marks:
        _keep(values, history, names, marks, (history.start - oldest) // step)

    for reading in readings:
        read = reading.read
        column = names.index(read.signal)
        _write(values[:, column], _on_grid(reading), (read.start - oldest) // step)
        if (until := _answered(reading)) is not None:
            known = marks.get(read.signal, Mark(read.query, until))
            marks[read.signal] = Mark(read.query, max(known.until, until))

    measured = np.flatnonzero(np.isfinite(values).any(axis=1))
    first = int(measured[0]) if measured.size else grid.rows
    return History(
        start=oldest + first * step, step=step, signals=names, values=values[first:], marks=marks
    )


def _mark(history: History | None, signal: Signal, grid: Grid) -> Mark | None:
    if history is None or history.step != grid.step_seconds:
        return None
    mark = history.marks.get(signal.name)
    return mark if mark is not None and mark.query == signal.query else None


def _from(mark: Mark | None, query: str, now: datetime, grid: Grid) -> int:
    step, start = grid.step_seconds, grid.oldest(now)
    reread = grid.reread // SECOND
    # A clock that went back may have dropped, while it was ahead, what the store still has.
    if mark is not None and mark.until <= grid.newest(now) + max(reread, step):
        start = min(max(start, (mark.until - reread) // step * step), grid.newest(now))
    # The rate of the first row needs the row before it.
    return start - step if is_counter(query) else start


def _answered(reading: Reading) -> int | None:
    if reading.answer is Answer.SEVERAL and reading.until is not None:
        return max(reading.read.start, reading.until - UNDECIDED)
    return reading.until


def _on_grid(reading: Reading) -> NDArray[np.float32]:
    """Put samples on the grid of their question. A row holds the newest sample of its step."""
    read = reading.read
    rows = np.full((read.end - read.start) // read.step + 1, np.nan)
    order = np.argsort(reading.times, kind="stable")
    order = order[np.isfinite(reading.values[order])]
    row = np.ceil((reading.times[order] - read.start) / read.step).astype(np.int64)
    inside = (row >= 0) & (row < rows.size)
    rows[row[inside]] = reading.values[order][inside]
    if is_counter(read.query):
        rows = per_second(rows, read.step)
    with np.errstate(over="ignore"):
        return rows.astype(np.float32)


def _keep(
    values: NDArray[np.float32],
    history: History,
    names: Sequence[SignalName],
    marks: Collection[SignalName],
    first: int,
) -> None:
    """Take over what is known of the signals that have a mark; row 0 of it goes to row `first`."""
    begin, end = max(first, 0), min(first + len(history), len(values))
    if begin >= end:
        return
    known = history.values[begin - first : end - first]
    if history.signals == tuple(names) and len(marks) == len(names):
        values[begin:end] = known
        return
    for column, name in enumerate(names):
        if name in marks and name in history.signals:
            values[begin:end, column] = known[:, history.signals.index(name)]


def _write(column: NDArray[np.float32], known: NDArray[np.float32], first: int) -> None:
    """Write what is known into a column, from row `first` on; unknown rows change nothing."""
    row = first + np.flatnonzero(np.isfinite(known))
    inside = (row >= 0) & (row < column.size)
    column[row[inside]] = known[row[inside] - first]
