"""Where a signal has settled after a lasting change: what stood there a day ago is usual too.

A release that takes 200 MiB more, or twice the traffic, is news on the first day. What was learned
holds on beside it: a signal that goes back to where it stood is as usual there as it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features.shape import DAY, HOUR, medians_by
from healing.features.units import in_units
from healing.features.usual import Usual

HOURS = DAY // HOUR
AWAY = 2.0
"""Usual deviations from which the median of an hour stands away from what was learned."""
LASTS = HOURS // 4
"""Hours of a day that stood away, all to one side, make the day another one: office hours do, and
the hour by which summer time moves them, or a job that went wrong, does not."""
PER_HOUR = 12
"""Rows that are asked for the median of an hour."""
FARTHEST_BACK = DAY + 3 * HOUR
"""Seconds that a row looks back: a day, and whole hours around the time a day ago."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """What the day before each row says.

    Attributes:
        moved: By how much each signal stood away from what was learned at that time a day before,
            in its own unit; 0 where that was as usual, and where it has stood away for less than
            `LASTS` hours. Shape (n, k).
        hours: For how many of the last `HOURS` whole hours before the last row each signal stood
            away, to one side. Shape (k,).
    """

    moved: NDArray[np.float64]
    hours: NDArray[np.int64]


def settled(
    usual: Usual, values: NDArray[np.floating], times: NDArray[np.int64], *, rows: int
) -> Settled:
    """Say by how much what is usual has moved.

    Args:
        usual: What was learned.
        values: Of k signals, NaN where nothing was measured. Shape (m, k).
        times: Of the rows, in seconds since the epoch, one step apart. Shape (m,).
        rows: Of how many of the newest rows it is asked.
    """
    nothing = np.zeros((rows, values.shape[1]))
    never = nothing.sum(axis=0).astype(np.int64)
    step = int(times[1] - times[0]) if len(times) > 1 else DAY
    if step > HOUR or len(times) * step < DAY:
        return Settled(moved=nothing, hours=never)
    some = times // step % max(1, HOUR // (PER_HOUR * step)) == 0
    strayed = values[some] - usual.at(times[some])
    stood = medians_by(strayed, times[some], every=HOUR)
    away = medians_by(in_units(strayed, usual.spread), times[some], every=HOUR)
    before = np.maximum(_of_the_day_before(away > AWAY), _of_the_day_before(away < -AWAY))

    first = int(times[some][0]) // HOUR
    asked = times[-rows:]
    hour = asked // HOUR - first
    position = (asked - DAY) / HOUR - first - 0.5
    earlier = np.floor(position).astype(np.int64)
    # The first hour may have been cut.
    known = earlier >= 1
    one, two = stood[np.where(known, earlier, 0)], stood[np.where(known, earlier + 1, 0)]
    # Written so that between two equal numbers lies that number, to the last bit.
    a_day_ago = one + (position - earlier)[:, None] * (two - one)
    elsewhere = (before[hour] >= LASTS) & (np.abs(a_day_ago) > AWAY * usual.spread)
    moved = np.where(known[:, None] & elsewhere, a_day_ago, 0.0)
    return Settled(moved=np.nan_to_num(moved), hours=before[-1])


def _of_the_day_before(away: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the hours of the day before each hour; 0 where not all of it is known."""
    so_far = np.cumsum(away, axis=0)
    count = np.zeros(away.shape, np.int64)
    # The first hour may have been cut.
    count[HOURS + 1 :] = so_far[HOURS:-1] - so_far[: -HOURS - 1]
    return count
