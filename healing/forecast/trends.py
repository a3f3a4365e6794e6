"""How fast a quantity grows, looked at over the last seconds, minutes, hours."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from healing.features import GAUSSIAN, median
from healing.forecast.course import Course

FEWEST_POINTS, POINTS = 4, 6
T90 = {FEWEST_POINTS: 1.886, POINTS: 1.533}
"""The 90 % point of Student's t by points of a line: two of them fix it."""
PAST_NEEDED = 20
"""Windows of the past that a window must be comparable with."""
MOST_WINDOWS = 8192
"""Older ones are forgotten, at each scale."""
SETTLE_SECONDS = 120.0
SETTLE_ROWS = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """A window of `points` medians, each over `rows` rows."""

    rows: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trends:
    """Growth in windows of one scale, oldest first; the last one ends at the newest row.

    Attributes:
        scale: How the windows are made.
        ends: Row at which each window ends. Shape (w,).
        usable: Whether it lies within one segment that has settled. Shape (w,).
        level: Where each ends. Shape (w,).
        slope: Growth per row (Theil-Sen). Shape (w,).
        error: Standard error of the slope. Shape (w,).
        steps: Growth per row from each point of a window to the next. Shape (w, points - 1).
    """

    scale: Scale
    ends: NDArray[np.int64]
    usable: NDArray[np.bool_]
    level: NDArray[np.float64]
    slope: NDArray[np.float64]
    error: NDArray[np.float64]
    steps: NDArray[np.float64]

    @property
    def margin(self) -> float:
        """By how many standard errors nine of ten slopes differ at most, to one side."""
        return T90[self.scale.points]

    def error_of(self, grain: float) -> float:
        """Give the standard error of a slope whose points are rounded to so much, and no better."""
        points = self.scale.points
        across = points * (points * points - 1) / 12
        return grain / sqrt(12 * across) / self.scale.rows

    def noise(self) -> float:
        """Spread of the slopes of past windows, robustly; 0 when none is usable."""
        past = self.slope[:-1][self.usable[:-1]]
        return float(GAUSSIAN * np.median(np.abs(past - np.median(past)))) if past.size else 0.0


def scales(rows: int) -> list[Scale]:
    """Name the scales that so many rows of history allow, the shortest first."""
    sizes = [2**power for power in range(32) if (POINTS + PAST_NEEDED) << power <= rows]
    shortest = [Scale(1, FEWEST_POINTS)] if rows >= FEWEST_POINTS + PAST_NEEDED else []
    return [*shortest, *(Scale(size, POINTS) for size in sizes)]


def trends(course: Course, scale: Scale, *, newest: int = MOST_WINDOWS) -> Trends:
    """Measure growth in so many of the newest windows of a scale, each for itself."""
    values, size, points = course.values, scale.rows, scale.points
    buckets = values[len(values) % size :].reshape(-1, size)[-(newest + points - 1) :]
    skipped = len(values) - buckets.size
    medians = buckets[:, 0] if size == 1 else median(buckets.T)
    windows = sliding_window_view(medians, points)

    slope, error = _line(windows)
    ends = skipped + size * (np.arange(len(windows)) + points) - 1
    settle = max(SETTLE_ROWS, int(np.ceil(SETTLE_SECONDS / course.step)))
    return Trends(
        scale=scale,
        ends=ends,
        usable=np.isfinite(windows).all(axis=1) & (course.since[ends] >= size * points + settle),
        level=values[ends],
        slope=slope / size,
        error=error / size,
        steps=np.diff(windows, axis=1) / size,
    )


def rises(course: Course, scale: Scale, *, steps: int) -> bool:
    """Say whether each of the newest steps of a scale goes up; False where one is not known."""
    size = scale.rows
    newest = course.values[len(course.values) - (steps + 1) * size :].reshape(steps + 1, size)
    return bool((np.diff(median(newest.T)) > 0).all())


def _line(windows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a robust line to each window: slope per point, and its standard error."""
    points = windows.shape[1]
    earlier, later = np.triu_indices(points, k=1)
    slopes = np.median((windows[:, later] - windows[:, earlier]) / (later - earlier), axis=1)
    x = np.arange(points, dtype=np.float64) - (points - 1) / 2
    unexplained = np.var(windows - np.outer(slopes, x), axis=1) * points
    return slopes, np.sqrt(unexplained / (points - 2) / np.dot(x, x))
