"""What is usual for each signal: where it stands, its shape over time, how far it strays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features.causal import median
from healing.features.shape import BINS, DAY, HOUR, WEEK, shape_at, shape_of_day, shape_of_week

DAYS_FOR_A_SHAPE = 2
WEEKS_FOR_A_SHAPE = 2
FAR = 5.0
"""Usual deviations: no row speaks for a weekly shape by more."""
ROUNDING = float(np.finfo(np.float32).eps)
"""Of the largest value: values were kept as float32, and say no more than that."""
GAUSSIAN = 1.4826
"""Makes the median absolute deviation of Gaussian data equal its standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usual:
    """What was learned of k signals.

    Attributes:
        centre: Where each signal stands. Shape (k,).
        shape: Added to it by the time of the day, or of the week where a signal follows it; times
            are UTC. Zero for signals without a shape worth having. Shape (BINS, k) or (7 BINS, k).
        spread: How far it strays, robustly; 0 for a signal that never moved. Shape (k,).
    """

    centre: NDArray[np.float64]
    shape: NDArray[np.float64]
    spread: NDArray[np.float64]

    def at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Say what is usual at each time, in seconds since the epoch. Shape (n,) in, (n, k) out."""
        return self.centre + shape_at(self.shape, times)


def learn_usual(values: NDArray[np.float64], times: NDArray[np.int64]) -> Usual:
    """Learn what is usual.

    Medians throughout: up to half of the rows may be trouble without being taken for usual.

    Args:
        values: Shape (n, k), NaN where nothing was measured; none of the columns is all NaN.
        times: Of the rows, in seconds since the epoch, one step apart. Shape (n,).
    """
    centre = median(values)
    shape = np.zeros((BINS, values.shape[1]))
    step = times[1] - times[0] if len(times) > 1 else 0
    known = len(times) * step
    if known >= DAYS_FOR_A_SHAPE * DAY:
        shape = shape_of_day(values - centre, times)
    strayed = values - centre - shape_at(shape, times)
    if known >= WEEKS_FOR_A_SHAPE * WEEK and step <= HOUR:
        of_week = shape_of_week(strayed, times, believed=FAR * spread(strayed))
        if of_week.any():
            shape = np.tile(shape, (WEEK // DAY, 1)) + of_week
            strayed = values - centre - shape_at(shape, times)
    lowest, highest = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    largest = np.maximum(np.abs(lowest), np.abs(highest))
    finest = np.where(lowest < highest, ROUNDING * largest, 0.0)
    strays = np.maximum(spread(strayed, finest=finest), finest)
    return Usual(centre=centre, shape=shape, spread=strays)


def spread(
    values: NDArray[np.float64], *, finest: float | NDArray[np.float64] = 0.0
) -> NDArray[np.float64]:
    """Say how far values usually lie from their median. Shape (n, k) in, (k,) out.

    Where more than half of them are the same, their standard deviation has to do; where all are, it
    is 0. A signal without values has spread 0.

    Args:
        values: NaN where nothing was measured.
        finest: Values no farther apart than this are the same. One number, or shape (k,).
    """
    robust = robust_spread(values)
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=0), 1)
    known = np.where(measured, values, 0.0)
    mean = known.sum(axis=0) / count
    squares = (np.where(measured, values - mean, 0.0) ** 2).sum(axis=0)
    moved = robust > finest
    constant = np.array([_never_moves(values[:, k]) for k in range(values.shape[1])], np.bool_)
    return np.where(moved, robust, np.where(constant, 0.0, np.sqrt(squares / count)))


def robust_spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the median distance from the median, in units of a standard deviation of Gaussian data.

    It is 0 where more than half of the values are the same. Shape (n, k) in, (k,) out.
    """
    return np.nan_to_num(GAUSSIAN * median(np.abs(values - median(values))))


def _never_moves(column: NDArray[np.float64]) -> bool:
    known = column[np.isfinite(column)]
    return not known.size or bool(known.min() == known.max())
