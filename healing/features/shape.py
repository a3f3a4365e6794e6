"""The shape of days and weeks: what recurs, kept only where later days and weeks bear it out."""

import numpy as np
from numpy.typing import NDArray

from healing.features.causal import median

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
BINS = 48
"""Half hours: the grain of shapes."""
WORTH_IT = 0.98
"""A daily shape must narrow the spread on days it has not seen to this share, or it is left out."""
WORTH_A_WEEK = 0.9
"""What a weekly shape must leave of the straying in a week it has not seen."""
RECURS = 2
"""Weeks in which an hour must have strayed the same way."""
HELD_OUT = 0.3
"""Share of the rows, the newest, that a shape has to prove itself on."""


def shape_of_day(strayed: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Learn the daily shape, and keep it only for signals whose later days follow it.

    Args:
        strayed: From the centre of each signal, NaN where nothing was measured. Shape (n, k).
        times: Of the rows, in seconds since the epoch. Shape (n,).

    Returns:
        Zero for signals without one. Shape (BINS, k).
    """
    seen = int((1 - HELD_OUT) * len(times))
    guess = _median_by_time_of_day(strayed[:seen], times[:seen])
    later = strayed[seen:]
    without = median(np.abs(later - median(later)))
    unexplained = later - shape_at(guess, times[seen:])
    with_shape = median(np.abs(unexplained - median(unexplained)))
    worth_it = with_shape < WORTH_IT * without
    return np.where(worth_it, _median_by_time_of_day(strayed, times), 0.0)


def shape_of_week(
    strayed: NDArray[np.float64], times: NDArray[np.int64], *, believed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Learn by how much the hours of a week differ from the daily shape: weekends, nightly jobs.

    It is kept only for signals whose last week, or last third, follows what was learned before. A
    weekend is two sevenths of the rows and office hours are a third of those: a median would not
    see them, so the mean is asked, and no row counts for more than is believed.

    Args:
        strayed: From the daily shape, NaN where nothing was measured. Shape (n, k).
        times: Of the rows, in seconds since the epoch; two weeks or more. Shape (n,).
        believed: The farthest that one row counts. Shape (k,).

    Returns:
        Zero for signals without one. Shape (7 BINS, k).
    """
    held_out = max(WEEK, HELD_OUT * (times[-1] - times[0]))
    seen = int((times <= times[-1] - held_out).sum())
    guess = _recurring_by_hour_of_week(strayed[:seen], times[:seen], weeks=1)
    later = strayed[seen:]
    without = _mean_size(later, believed)
    with_shape = _mean_size(later - shape_at(guess, times[seen:]), believed)
    worth_it = with_shape < WORTH_A_WEEK * without
    return np.where(worth_it, _recurring_by_hour_of_week(strayed, times, weeks=RECURS), 0.0)


def shape_at(shape: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Read a shape at each time, straight lines between the middles of its bins.

    It begins again wherever it ends: after a day, or a week. Shape (bins, k) and (n,) in, (n, k).
    """
    bins = len(shape)
    position = times % (bins * DAY // BINS) * BINS / DAY - 0.5
    below = np.floor(position).astype(np.int64)
    share = (position - below)[:, None]
    return shape[below % bins] * (1 - share) + shape[(below + 1) % bins] * share


def medians_by(
    strayed: NDArray[np.float64], times: NDArray[np.int64], *, every: int
) -> NDArray[np.float64]:
    """Take the median of each stretch of `every` seconds, counted from the epoch.

    Args:
        strayed: NaN where nothing was measured. Shape (n, k).
        times: Rising, in seconds since the epoch; one at least. Shape (n,).
        every: Seconds.

    Returns:
        From the stretch of the first row to that of the last; NaN where nothing was measured.
        Shape (m, k).
    """
    stretch = times // every - times[0] // every
    rows = np.arange(len(times))
    begins = np.maximum.accumulate(np.where(np.diff(stretch, prepend=-1) > 0, rows, 0))
    place = rows - begins
    stacked = np.full((int(np.max(place)) + 1, int(stretch[-1]) + 1, strayed.shape[1]), np.nan)
    stacked[place, stretch] = strayed
    return median(stacked)


def _recurring_by_hour_of_week(
    strayed: NDArray[np.float64], times: NDArray[np.int64], *, weeks: int
) -> NDArray[np.float64]:
    """Take the median over weeks of each hour; between two of them the one nearer to 0.

    So what happened in one of two weeks only is no shape, nor what was measured in fewer.
    """
    hours = medians_by(strayed, times, every=HOUR)
    per_week = WEEK // HOUR
    first = int(times[0]) // HOUR % per_week
    after = -(first + len(hours)) % per_week
    whole = np.pad(hours, ((first, after), (0, 0)), constant_values=np.nan)
    ordered = np.sort(whole.reshape(-1, per_week, hours.shape[1]), axis=0)  # NaN goes to the end
    count = np.isfinite(ordered).sum(axis=0, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=0)[0]
    upper = np.take_along_axis(ordered, np.minimum(count // 2, len(ordered) - 1), axis=0)[0]
    nearer = np.maximum(lower, 0.0) + np.minimum(upper, 0.0)
    recurring = np.where(count[0] >= weeks, nearer, 0.0)
    return _smooth(np.repeat(recurring, BINS * HOUR // DAY, axis=0))


def _median_by_time_of_day(
    strayed: NDArray[np.float64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    shape = np.zeros((BINS, strayed.shape[1]))
    at = times % DAY * BINS // DAY
    for bin_ in range(BINS):
        if (rows := at == bin_).any():
            shape[bin_] = np.nan_to_num(median(strayed[rows]))
    return _smooth(shape)


def _smooth(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.roll(shape, 1, axis=0) + 2 * shape + np.roll(shape, -1, axis=0)) / 4


def _mean_size(strayed: NDArray[np.float64], believed: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.minimum(np.abs(strayed), believed)
    measured = np.isfinite(size)
    total: NDArray[np.float64] = np.where(measured, size, 0.0).sum(axis=0)
    return total / np.maximum(measured.sum(axis=0), 1)
