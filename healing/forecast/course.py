"""The course of one quantity that can be full."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from healing.features.segments import beginnings, bridge, falls
from healing.history import History
from healing.names import SignalName

RESTART_SECONDS = 120
"""A fall this close to a restart is the restart's."""
NEWEST = 3
"""It stands at the median of so many rows."""
WAS_FULL = 0.9
"""A fall from above this share of the capacity was no clean-up: it had been full."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """How a quantity has gone, up to its newest sample.

    Attributes:
        values: Short gaps bridged, the newest row measured. Shape (n,).
        begins: Rows at which it began anew. Shape (n,).
        since: Rows since the last of them; a great many where there was none. Shape (n,).
        cleaned: Those of them at which it fell by itself, before it was full. Shape (n,).
        capacity: Where it is full.
        step: Seconds between rows.
    """

    values: NDArray[np.float64]
    begins: NDArray[np.bool_]
    since: NDArray[np.int64]
    cleaned: NDArray[np.bool_]
    capacity: float
    step: int

    def next_beginning(self, row: int) -> int | None:
        """Find the first row after `row` at which it began anew."""
        after = np.flatnonzero(self.begins[row + 1 :])[:1]
        return row + 1 + int(after[0]) if after.size else None

    def risen(self, seconds: int) -> float | None:
        """Say by how much it stands higher than so long ago; None where it began anew since.

        It is where it stands now that counts, against the median of the oldest quarter of that
        time: a line would give a fast rise after quiet hours no slope at all.
        """
        rows = seconds // self.step
        fell = np.flatnonzero(falls(self.values))[-1:]
        lived = len(self.values) - (int(fell[0]) if fell.size else 0)
        if not 4 <= rows <= lived:  # noqa: PLR2004 a quarter of it
            return None
        then = self.values[len(self.values) - rows :][: rows // 4]
        newest = self.values[-NEWEST:]
        if not np.isfinite(then).any():
            return None
        return float(np.nanmedian(newest) - np.nanmedian(then))


def course_of(
    history: History, signal: SignalName, capacity: float, restarts: Collection[datetime]
) -> Course:
    """Prepare the course of a signal; empty when it was never measured."""
    values = bridge(history.column(signal).astype(np.float64))
    known = np.flatnonzero(np.isfinite(values))
    values = values[: known[-1] + 1] if known.size else values[:0]
    cleaned = falls(values)
    cleaned[1:] &= np.nan_to_num(values[:-1], nan=np.inf) < WAS_FULL * capacity
    around = -(-RESTART_SECONDS // history.step)
    for restart in restarts:
        row = (int(restart.timestamp()) - history.start) // history.step
        cleaned[max(0, row - around) : max(0, row + around + 1)] = False
    begins = beginnings(values)
    return Course(
        values=values,
        begins=begins,
        since=_rows_since(begins),
        cleaned=cleaned,
        capacity=capacity,
        step=history.step,
    )


def _rows_since(begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.arange(len(begins))
    last = np.maximum.accumulate(np.where(begins, rows, -(2**40)))
    return rows - last
