"""A coarser grid to forecast on: fine enough for the horizon, cheap enough for a fleet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features import median

POINTS_AHEAD = 96
"""The horizon is looked at in so many points, or in rows where there are fewer."""
MOST_POINTS = 4032
"""Older points are forgotten."""
DAY, WEEK = 86_400, 604_800
SEASONS_NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coarse:
    """Series on a coarser grid, with nothing missing between the first and the last sample.

    Attributes:
        values: Medians of `rows` rows each; gaps filled from the past. Shape (n, k).
        known: What was measured. Shape (n, k).
        rows: Rows in a point.
        day: Points in a day; 0 while too little of the past is known to tell a day's shape.
        week: Points in a week; 0 likewise.
    """

    values: NDArray[np.float64]
    known: NDArray[np.bool_]
    rows: int
    day: int
    week: int

    def before(self, points: int) -> "Coarse":
        """Forget the newest points, as if it were so much earlier."""
        left = len(self.values) - points
        return Coarse(
            values=self.values[:left],
            known=self.known[:left],
            rows=self.rows,
            day=self.day if left >= SEASONS_NEEDED * self.day else 0,
            week=self.week if left >= SEASONS_NEEDED * self.week else 0,
        )


def coarse(values: NDArray[np.float64], *, step: int, ahead: int) -> Coarse:
    """Make the grid for a horizon of `ahead` rows. `values` of shape (n, k); NaN is a gap."""
    rows = _rows_of_point(step, ahead)
    whole = min(len(values) // rows, MOST_POINTS)
    points = values[len(values) - whole * rows :]
    points = median(points.reshape(whole, rows, values.shape[1]).swapaxes(0, 1))
    known = np.isfinite(points)
    day, rest = divmod(DAY, step * rows)
    day = 0 if rest or day < 4 or whole < SEASONS_NEEDED * day else day  # noqa: PLR2004 a shape
    week = 7 * day if day and whole >= SEASONS_NEEDED * 7 * day else 0
    return Coarse(values=_fill(points, day), known=known, rows=rows, day=day, week=week)


def _rows_of_point(step: int, ahead: int) -> int:
    """Choose the coarsest point of which `POINTS_AHEAD` fit, and of which a day is a multiple."""
    most = max(1, ahead // POINTS_AHEAD)
    fitting = [rows for rows in range(most, 0, -1) if not DAY % (step * rows)]
    return fitting[0] if fitting else most


def _fill(points: NDArray[np.float64], day: int) -> NDArray[np.float64]:
    """Fill a gap with the same time a day before, else with the last that was known before it."""
    filled = points.copy()
    if not len(filled):
        return filled
    if day:
        for row in range(day, len(filled)):
            gap = ~np.isfinite(filled[row])
            filled[row, gap] = filled[row - day, gap]
    rows = np.where(np.isfinite(filled), np.arange(len(filled))[:, None], 0)
    filled = np.take_along_axis(filled, np.maximum.accumulate(rows, axis=0), axis=0)
    # What lies before the first sample is never looked at for itself: it takes that sample.
    first = np.argmax(np.isfinite(filled), axis=0)
    return np.where(np.isfinite(filled), filled, filled[first, np.arange(filled.shape[1])])
