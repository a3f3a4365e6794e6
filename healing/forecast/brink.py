"""Nearly full, and nearer to it than ever before.

What stands close below its capacity and wanders by as much as is left fills up unseen: the growth
is smaller than the wandering, and no rule on growth can tell it without false alarms. But its peaks
hardly wander: what always turned back at some height, and now peaks well above it, will not turn
back for the old reason. How well above depends on how long it is known: a record in one day is
nothing, in a week it is.
"""

from bisect import bisect
from dataclasses import dataclass
from math import ceil, hypot, isfinite

import numpy as np
from numpy.typing import NDArray

from healing.features import GAUSSIAN, median
from healing.forecast.course import Course
from healing.forecast.drift import Drift

CLOSE = 0.85
"""It stands above this share of the capacity."""
NEARLY = 0.95
"""Below this, what leapt there at once is no growth: a new release needs more, and no more."""
LEAP, OF_RISE = 8.0, 0.5
"""It leapt when it rose within three rows by so many times what is usual from row to row, and by
this share of the rise."""
SPENT_A_DAY, LEAST_SPENT = 0.4, 0.1
"""This share of the room that had always been left is used up, divided by the days that are known;
but no less than that one."""
LEFT_BEFORE = 0.01
"""What was closer than this share of the capacity before, lives with it."""
LATELY_SECONDS, TIMES = 10_800, 3
"""It has stood there so many times in so long."""
BEFORE_SECONDS = 43_200
"""The past is what is longer ago; what rises now must not be taken for usual."""
DAY = 86_400
HABIT = 3
"""What was cleaned up so often stands high before it is cleaned up again."""
LEAST_SPREAD, MOST_SPREAD = 0.4, 1.4
"""Standard deviation of the logarithm of the time until it is full: were peaks all alike, and
however much they differ."""


@dataclass(frozen=True, slots=True)
class Brink:
    """On the brink."""

    drift: Drift
    """How it has risen since it first stood higher than ever before."""
    before: float
    """Where it always turned back."""


def brink_of(course: Course) -> Brink | None:
    """Say whether it stands on the brink; None when not, or when too little is known."""
    rows = max(TIMES, ceil(LATELY_SECONDS / course.step))
    level = peak_of(course.values[-rows:], rows)
    if level < CLOSE * course.capacity or course.cleaned.sum() >= HABIT:
        return None
    past = course.values[: max(0, len(course.values) - rows - ceil(BEFORE_SECONDS / course.step))]
    days = np.isfinite(past).sum() * course.step / DAY
    if days < 1:
        return None
    before = peak_of(past, rows)
    if not isfinite(before):
        return None
    room = course.capacity - before
    spent = max(SPENT_A_DAY / days, LEAST_SPENT)
    if room < LEFT_BEFORE * course.capacity or level - before < spent * room:
        return None
    since = course.values[len(past) :]
    higher = np.flatnonzero(since > before)
    close = higher[TIMES - 1 :] - higher[: 1 - TIMES] < rows
    began = int(higher[np.argmax(close)])
    if level < NEARLY * course.capacity and _leapt(
        course.values, len(past) + began, level - before
    ):
        return None
    # It has grown until it last stood there.
    stood = int(np.flatnonzero(since >= level)[-1])
    rise, level = level - before, min(level, course.capacity)
    left = max(course.capacity - level, np.spacing(course.capacity))
    unlike = _unlike(course.values, rows)
    drift = Drift(
        lasted=len(since) - began,
        slope=rise / max(1, stood - began),
        spread=min(hypot(LEAST_SPREAD, unlike / rise, unlike / left), MOST_SPREAD),
        level=level,
    )
    return Brink(drift, before)


def _leapt(values: NDArray[np.float64], row: int, rise: float) -> bool:
    """Say whether it came above where it always turned back at once, and not by growing."""
    usual = GAUSSIAN * float(np.nanmedian(np.abs(np.diff(values))))
    around = values[max(0, row - 6) :]
    smooth = median(np.stack([around[:-2], around[1:-1], around[2:]]))
    leaps = np.nan_to_num(smooth[3:] - smooth[:-3])
    return bool(leaps.size) and float(leaps.max()) >= max(LEAP * usual, OF_RISE * rise)


def _unlike(values: NDArray[np.float64], rows: int) -> float:
    """Say by how much peaks differ from those of the `rows` before them.

    Neither what they rose by, nor what is left, is known better than that.
    """
    spans = np.nan_to_num(values[len(values) % rows :], nan=-np.inf).reshape(-1, rows)
    peaks = np.partition(spans, -TIMES, axis=1)[:, -TIMES]
    changes = np.abs(np.diff(peaks[np.isfinite(peaks)]))
    return GAUSSIAN * float(np.median(changes)) if changes.size else 0.0


def peak_of(values: NDArray[np.float64], rows: int) -> float:
    """Give the greatest height at which it stood `TIMES` times within so many rows.

    Minus infinity when it was never measured so often in so long.
    """
    known = np.flatnonzero(np.isfinite(values))
    # Of more than this, three must lie close together: those that are lower need not be looked at.
    enough = min(known.size, TIMES * (len(values) // rows + 1))
    highest = known[np.argsort(-values[known])[:enough]]
    seen = list[int]()
    for row in highest.tolist():
        place = bisect(seen, row)
        seen.insert(place, row)
        near = seen[max(0, place - TIMES + 1) : place + TIMES]
        if any(b - a < rows for a, b in zip(near, near[TIMES - 1 :], strict=False)):
            return float(values[row])
    return float("-inf")
