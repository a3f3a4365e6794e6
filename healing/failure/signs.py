"""What speaks for a failure to come, and from where to where it counts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

HORIZONS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24))
UNTIL = np.array([horizon.total_seconds() for horizon in HORIZONS])
"""The horizons in seconds. Shape (h,)."""


class Sign(StrEnum):
    """One thing that may speak for a failure; more of it never makes a failure less likely."""

    STRANGEST = "strangest"
    """How rare the strangest minute of the last few is: -log10 p, so 3 is one in 1,000."""
    STRANGENESS = "strangeness"
    """The same, on average over the last hour."""
    BURN = "burn"
    """How many times faster than allowed the error budget is used up, in the last hour."""
    EXHAUSTION = "exhaustion"
    """Probability, 0 to 1, that something it needs is full within the horizon."""
    LEAK = "leak"
    """1 when something leaks, 0 when not."""
    RESTARTS = "restarts"
    """Times it ended by itself within the last hour, for want of memory or otherwise."""
    LEVEL_SHIFT = "level_shift"
    """1 when a signal has moved to another level within the last hour, 0 when not."""
    UPSTREAM = "upstream"
    """How rare the strangest minute of the worst service that it needs is: -log10 p."""
    DRIFT = "drift"
    """How many times more often than expected it was strange in the last day."""
    RECENT_FAILURES = "recent_failures"
    """Failures before; each counts 1 when it ends, and 1/e an hour later."""


SIGNS = tuple(Sign)

_REACHES: Mapping[Sign, tuple[float, float]] = {
    Sign.STRANGEST: (1.0, 5.0),
    Sign.STRANGENESS: (0.3, 2.5),
    Sign.BURN: (1.0, 14.4),
    Sign.EXHAUSTION: (0.0, 1.0),
    Sign.LEAK: (0.0, 1.0),
    Sign.RESTARTS: (0.0, 3.0),
    Sign.LEVEL_SHIFT: (0.0, 1.0),
    Sign.UPSTREAM: (2.0, 5.0),
    Sign.DRIFT: (3.0, 30.0),
    Sign.RECENT_FAILURES: (0.0, 2.0),
}
"""Below the first number a sign says nothing, from the second on it says all it can.

14.4 is the burn rate that uses up 2 % of a month's budget in an hour (Google, The Site Reliability
Workbook, chapter 5).
"""
LOW = np.array([_REACHES[sign][0] for sign in SIGNS])
HIGH = np.array([_REACHES[sign][1] for sign in SIGNS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is seen of one service at one time. What is not named is unknown, which is not zero.

    Attributes:
        values: By sign, in the unit that the sign names; NaN counts as unknown.
        full_within: The values of `Sign.EXHAUSTION`, one for each of `HORIZONS`; NaN when unknown.
    """

    values: Mapping[Sign, float] = field(default_factory=dict[Sign, float])
    full_within: Sequence[float] = (math.nan,) * len(HORIZONS)

    def row(self) -> NDArray[np.float64]:
        """Lay them out as an array. Shape (h, k), NaN where unknown."""
        row = np.array([self.values.get(sign, math.nan) for sign in SIGNS])
        rows = np.repeat(row[None, :], len(HORIZONS), axis=0)
        rows[:, SIGNS.index(Sign.EXHAUSTION)] = self.full_within
        return rows


def strength(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how much each sign says: 0 nothing, 1 all it can. NaN stays NaN. Shape (..., k)."""
    return np.clip((rows - LOW) / (HIGH - LOW), 0.0, 1.0)


def chance_within(
    soonest: timedelta | None, likely: timedelta | None, latest: timedelta | None
) -> tuple[float, ...]:
    """Give the probability of something within each of `HORIZONS`, from three of its quantiles.

    Straight lines between the quantiles, over the logarithm of time.

    Args:
        soonest: One in ten is sooner. None for any of the three: it is not expected at all.
        likely: One in two is sooner.
        latest: One in ten is later.

    Example:
        >>> an_hour = timedelta(hours=1)
        >>> [round(p, 2) for p in chance_within(an_hour / 2, an_hour, 2 * an_hour)]
        [0.06, 0.5, 0.98]
    """
    if soonest is None or likely is None or latest is None:
        return (0.0,) * len(HORIZONS)
    seconds = np.maximum([t.total_seconds() for t in (soonest, likely, latest)], 1.0)
    first, middle, last = np.log(np.maximum.accumulate(seconds))
    # Beyond the outer quantiles the last tenths are spread over a factor of e**1 at least.
    reach = max(last - first, 1.0)
    at = [first - reach, first, middle, last, last + reach]
    known = np.interp(np.log(UNTIL), at, [0.02, 0.1, 0.5, 0.9, 0.98])
    return tuple(known.tolist())


def recency(since: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum up failures before: each counts 1 when it ends, and 1/e an hour later.

    Args:
        since: Seconds since each of m failures ended, negative while it has not. Shape (n, m).

    Returns:
        Shape (n,).
    """
    return np.where(since >= 0, np.exp(-np.maximum(since, 0.0) / 3600.0), 0.0).sum(axis=1)
