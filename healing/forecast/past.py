"""What became of growth like this before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.forecast.course import Course
from healing.forecast.trends import Trends

FLATTER, STEEPER = 1.5, 3.0
"""Growth is alike up to these factors."""
DECIDED = 0.25
"""Share of the time to full that must have passed before growth can be called over."""
WENT_ON = 0.5
"""Growth that brought this share of what it promised went on."""
LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class Before:
    """Growth like this, before now.

    Attributes:
        stopped: Row at which such growth last was seen that then stopped by itself; None if never.
        falls: How often such growth ended in a fall, as before a garbage collection or a clean-up.
    """

    stopped: int | None
    falls: int


def growth_before(course: Course, trend: Trends, alike: NDArray[np.bool_]) -> Before:
    """Look at what became of past windows that promised to fill it.

    Args:
        course: What is growing.
        trend: The windows of one scale.
        alike: Which of them looked as the last one does. Shape (w,).
    """
    now = trend.ends[-1] - trend.scale.points * trend.scale.rows
    slope = trend.slope[-1]
    candidates = np.flatnonzero(
        alike
        & (trend.ends < now)
        & (trend.slope * FLATTER >= slope)
        & (trend.slope <= STEEPER * slope)
    )
    stride = -(-candidates.size // LOOKED_AT) or 1
    stopped: int | None = None
    fell = set[int]()
    for index in candidates[::-stride]:
        end, growth = int(trend.ends[index]), float(trend.slope[index])
        promised = (course.capacity - float(trend.level[index])) / growth
        until = min(end + int(promised), int(now))
        cut = course.next_beginning(end)
        if cut is not None and cut <= until:
            until = cut - 1
            if course.cleaned[cut]:
                fell.add(cut)
        if until - end < max(1.0, DECIDED * promised):
            continue
        gained = np.nanmax(course.values[end : until + 1]) - trend.level[index]
        if stopped is None and gained < WENT_ON * growth * (until - end):
            stopped = end
    return Before(stopped, len(fell))
