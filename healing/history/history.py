"""What was measured of one service, on a regular grid, gaps kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from healing.names import SignalName

RECENT = 64
"""Rows in which the newest sample is looked for first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one signal has been read."""

    query: str
    """The PromQL that was asked; another query is another signal."""
    until: int
    """The source has answered up to here, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The values of all signals of one service.

    Attributes:
        start: Time of row 0, in seconds since the epoch; a multiple of `step`.
        step: Seconds from one row to the next.
        signals: What the columns measure.
        values: Shape (n, k); NaN where nothing was measured. Cannot be written to.
        marks: How far each signal has been read; empty for history that was not read from a source.
    """

    start: int
    step: int
    signals: tuple[SignalName, ...]
    values: NDArray[np.float32]
    marks: Mapping[SignalName, Mark] = field(default_factory=dict[SignalName, Mark])

    def __post_init__(self) -> None:
        if self.step < 1 or self.start % self.step:
            raise ValueError(f"start {self.start} is not on a grid of {self.step} s")
        if len(set(self.signals)) != len(self.signals):
            raise ValueError(f"two signals have the same name: {self.signals}")
        values = np.array(self.values, np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.signals):  # noqa: PLR2004 rows, columns
            raise ValueError(f"values of shape {values.shape} for {len(self.signals)} signals")
        values[~np.isfinite(values)] = np.nan
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def end(self) -> int:
        """Time of the newest row, in seconds since the epoch; before `start` when empty."""
        return self.start + (len(self) - 1) * self.step

    @property
    def times(self) -> NDArray[np.int64]:
        """Time of each row, in seconds since the epoch. Shape (n,)."""
        return self.start + self.step * np.arange(len(self), dtype=np.int64)

    def column(self, signal: SignalName) -> NDArray[np.float32]:
        """Give the values of one signal. Shape (n,); all NaN when it is not among ours."""
        if signal not in self.signals:
            return np.full(len(self), np.nan, np.float32)
        return self.values[:, self.signals.index(signal)]

    def last_at(self, signal: SignalName) -> datetime | None:
        """Say when the newest sample of a signal was measured; None when there is none."""
        column = self.column(signal)
        for rows in (RECENT, len(column)):  # it is hardly ever necessary to look further back
            measured = np.isfinite(column[::-1][:rows])
            if measured.any():
                back = int(np.argmax(measured))
                return datetime.fromtimestamp(self.end - back * self.step, UTC)
        return None

    def until(self, now: datetime) -> "History":
        """Leave out every row after `now`."""
        rows = max(0, (int(now.timestamp()) - self.start) // self.step + 1)
        return self.rows(0, rows)

    def tail(self, rows: int) -> "History":
        """Keep only the newest rows."""
        return self.rows(max(0, len(self) - rows), len(self))

    def rows(self, first: int, after: int) -> "History":
        """Keep the rows from `first` up to, not including, `after`."""
        return History(
            start=self.start + first * self.step,
            step=self.step,
            signals=self.signals,
            values=self.values[first:after],
            marks=self.marks,
        )

    def choose(self, signals: tuple[SignalName, ...]) -> "History":
        """Keep only `signals`, in this order; one that is not among ours was never measured."""
        columns = [self.column(name) for name in signals]
        return History(
            start=self.start,
            step=self.step,
            signals=signals,
            values=np.stack(columns, axis=1) if columns else np.empty((len(self), 0), np.float32),
            marks={name: mark for name, mark in self.marks.items() if name in signals},
        )
