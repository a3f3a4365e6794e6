"""Nearly full, and nearer to it than ever before.

What stands close below its capacity and wanders by as much as is left fills up unseen: the growth
is smaller than the wandering, and no rule on growth can tell it without false alarms. But what
always turned back at some height, and now stands well above it for a while, will not turn back for
the old reason.
"""

from dataclasses import dataclass
from math import ceil, log

import numpy as np

from healing.forecast.course import Course
from healing.forecast.drift import NINE_OF_TEN, Drift

CLOSE = 0.95
"""It stands above this share of the capacity."""
SPENT = 0.3
"""This share of the room that had always been left is used up."""
LEFT_BEFORE = 0.01
"""What was closer than this share of the capacity before, lives with it."""
STANDS_SECONDS, FEWEST_ROWS, TIMES = 900, 5, 3
"""It has stood there so many times in so long."""
DAY, DAYS_BEFORE = 86_400, 2
"""The past is what is more than a day old, and two days of it must be known."""
HABIT = 3
"""What was cleaned up so often stands high before it is cleaned up again."""
SPREAD = log(4.0) / NINE_OF_TEN
"""How well the time until it is full is known: within a factor of four."""


@dataclass(frozen=True, slots=True)
class Brink:
    """On the brink."""

    drift: Drift
    """How it has risen since it first stood higher than ever before."""
    before: float
    """Where it always turned back."""


def brink_of(course: Course) -> Brink | None:
    """Say whether it stands on the brink; None when not, or when too little is known."""
    rows = max(FEWEST_ROWS, ceil(STANDS_SECONDS / course.step))
    newest = course.values[-rows:]
    newest = np.sort(newest[np.isfinite(newest)])
    if len(newest) < TIMES or newest[-TIMES] < CLOSE * course.capacity:
        return None
    level, a_day = float(newest[-TIMES]), DAY // course.step
    past = course.values[: max(0, len(course.values) - rows - a_day)]
    known = past[np.isfinite(past)]
    if len(known) < DAYS_BEFORE * a_day or course.cleaned.sum() >= HABIT:
        return None
    before = float(known.max())
    room = course.capacity - before
    if room < LEFT_BEFORE * course.capacity or level - before < SPENT * room:
        return None
    higher = np.flatnonzero(course.values[len(past) :] > before)
    lasted = max(rows, len(course.values) - len(past) - int(higher[0]))
    slope = (level - before) / lasted
    level = min(level, course.capacity)
    return Brink(Drift(lasted=lasted, slope=slope, spread=SPREAD, level=level), before)
