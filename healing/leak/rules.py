"""The rules that speak for or against a leak, asked of a floor."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from healing.features import GAUSSIAN
from healing.leak.trend import Trend, trend_of

Values = NDArray[np.float64]

CHANCE = 1e-3
OF_LIMIT_AN_HOUR = 0.01
FULL_WITHIN = timedelta(days=7)
GOES_ON = 0.45
"""The newest quarter must grow by this share of the whole: else it has found its level."""
EACH_THIRD = 0.15
"""Each third must bring this share of the growth: else it was a step."""
ABOVE_NOISE = 4.0
LEFT_BY = 0.5
"""Growth after flat ground must be this share of what the ground ranges over, at least."""
FEWEST_OF_GROWTH = 10
HOUR = 3600.0


class Because(StrEnum):
    """Why we say so. Also the word on metrics and in reports."""

    LEAK = "leak"
    TOO_LITTLE = "too_little"
    """Too little is known since it was started."""
    STEADY = "steady"
    """What it never gives back does not grow, or not surely."""
    PLATEAU = "plateau"
    """It has grown, and found its level."""
    STEP = "step"
    """It has grown at once, and not since."""
    SLIGHT = "slight"
    """It grows too slowly to matter."""
    LOAD = "load"
    """It grows with the load."""
    SEASONAL = "seasonal"
    """It grows as on every day."""
    CACHE = "cache_not_leak"
    """The page cache grows; what the program itself holds does not."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the rules say.

    Attributes:
        because: The one reason that decides.
        trend: Of the growth, per point; None when too little is known.
        rows: Rows in a point.
        points: How many points the growth has lasted.
        level: Where the floor stands.
    """

    because: Because
    trend: Trend | None = None
    rows: int = 1
    points: int = 0
    level: float = float("nan")


def against(floor: Values, seconds: int, limit: float) -> Found:
    """Ask the rules in turn; a point of the floor lasts so many seconds."""
    # Where the last tooth of a saw-tooth falls back to is not known yet.
    measured = np.flatnonzero(np.isfinite(floor))
    floor = floor[: measured[-1] + 1] if measured.size else floor
    onset = onset_of(floor)
    growth, ground = floor[onset:], floor[:onset]
    trend = trend_of(growth)
    known = growth[np.isfinite(growth)]
    level = float(np.median(known[-3:])) if known.size else float("nan")
    found = Found(Because.LEAK, trend, points=len(growth), level=level)
    gain = trend.slope * (len(growth) - 1)
    place = np.arange(len(growth)) - (len(growth) - 1)
    rest = growth - trend.slope * place
    noise = GAUSSIAN * float(np.nanmedian(np.abs(rest - np.nanmedian(rest)))) if known.size else 0.0
    before = ground[np.isfinite(ground)]
    spread = float(np.ptp(before)) if before.size else 0.0
    if trend.slope <= 0 or trend.p >= CHANCE or trend.low <= 0 or gain < ABOVE_NOISE * noise:
        return replace(found, because=Because.STEADY)
    if before.size and level < float(before.max()) + LEFT_BY * spread:
        return replace(found, because=Because.STEADY)
    if _last_slope(growth) < GOES_ON * trend.slope:
        return replace(found, because=Because.PLATEAU)
    if _least_third(growth) < EACH_THIRD * gain:
        return replace(found, because=Because.STEP)
    hourly = trend.low / seconds * HOUR
    full = (limit - level) / (trend.slope / seconds)
    if hourly < OF_LIMIT_AN_HOUR * limit and full > FULL_WITHIN.total_seconds():
        return replace(found, because=Because.SLIGHT)
    return found


def onset_of(floor: Values) -> int:
    """Find where flat ground becomes growth: the hinge that fits best."""
    known = np.isfinite(floor)
    if known.sum() < FEWEST_OF_GROWTH:
        return 0
    place = np.flatnonzero(known).astype(np.float64)
    hinges = np.arange(max(1, len(floor) - FEWEST_OF_GROWTH + 1))
    risen = np.maximum(place[None, :] - hinges[:, None], 0.0)
    risen -= risen.mean(axis=1, keepdims=True)
    value = floor[known] - floor[known].mean()
    slant = risen @ value
    fit = slant * np.abs(slant) / np.maximum((risen**2).sum(axis=1), 1e-12)
    return int(hinges[int(np.argmax(fit))])


def _last_slope(growth: Values) -> float:
    newest = growth[-max(6, len(growth) // 4) :]
    x = np.flatnonzero(np.isfinite(newest)).astype(np.float64)
    if len(x) < 3:  # noqa: PLR2004 a line
        return 0.0
    y = newest[np.isfinite(newest)]
    earlier, later = np.triu_indices(len(x), k=1)
    return float(np.median((y[later] - y[earlier]) / (x[later] - x[earlier])))


def _least_third(growth: Values) -> float:
    known = growth[np.isfinite(growth)]
    ends = [float(np.median(part)) for part in np.array_split(known, 7)[::3]]
    return min(ends[1] - ends[0], ends[2] - ends[1])
