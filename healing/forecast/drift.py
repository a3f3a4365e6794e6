"""Slow growth: over hours or days, into territory where the quantity never stood before.

Growth from one row to the next drowns in noise here; what gives it away is that it goes on. It is
believed when the level has left the range of everything before by far, in more than one step.
How fast it goes is another question (see `rates`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features import GAUSSIAN, median
from healing.features.segments import falls
from healing.forecast.course import Course
from healing.forecast.rates import rate_of

Values = NDArray[np.float64]

POINTS = 24
"""Medians that a span of time is looked at by."""
SPANS_SECONDS = tuple(round(5_400 * 2 ** (power / 2)) for power in range(11))
FEWEST_ROWS_OF_POINT = 2
EARLIER = 1.0
"""So many spans of the past must be known before the span itself."""
LEFT_BY = 0.25
"""The level must stand above all of the past by this share of the range of the past."""
ABOVE_NOISE = 4.0
PART_OF_GROWTH = 0.1
"""Each third of the span must bring this share of the growth: a step is no drift."""
STRAIGHT = 0.03
"""Growth that nothing precedes must be this straight: its noise is this share of it."""
STRAIGHT_SECONDS = 14_400
TRUSTED_FOR = 8.0
BEHIND = 1.5
"""The median of the newest three medians stands where growth was so many points before its end."""
ONSET_POINTS = 12
"""Growth has lasted for so many points at least."""
NINE_OF_TEN = 1.2816


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Slow growth, in rows.

    Attributes:
        lasted: How long it has been seen.
        slope: Growth per row.
        spread: Standard deviation of the logarithm of the rate.
        level: Where it stands, with noise on top that one in ten exceeds.
    """

    lasted: int
    slope: float
    spread: float
    level: float


def drift_of(course: Course) -> Drift | None:
    """Find slow growth that goes on now; None when there is none to be believed."""
    # A gap does not end slow growth, as it ends fast growth: only a fall does.
    started = np.flatnonzero(falls(course.values))[-1:]
    segment = course.values[int(started[0]) if started.size else 0 :]
    for seconds in SPANS_SECONDS:
        rows = seconds // course.step
        if rows < FEWEST_ROWS_OF_POINT * POINTS or rows > len(segment):
            continue
        size = rows // POINTS
        if _is_drift(course, size):
            return _measure(_medians(segment, size), size, course.capacity)
    return None


def _medians(values: Values, size: int) -> Values:
    """Take the median of every `size` rows, the last ones ending at the newest row."""
    return median(values[len(values) % size :].reshape(-1, size).T)


def _is_drift(course: Course, size: int) -> bool:
    newest = _medians(course.values[-POINTS * size :], size)
    known = np.isfinite(newest)
    if known.mean() < 0.6 or not known[-3:].any():  # noqa: PLR2004 most of it was measured
        return False
    thirds = median(np.stack([newest[:4], newest[10:14], newest[20:]]).T)
    steps = np.diff(thirds)
    if not steps.min() > 0:  # most series: no line and no past needs to be looked at
        return False
    slope, noise = _line(newest)
    gain = slope * (POINTS - 1)
    if slope <= 0 or gain <= ABOVE_NOISE * noise or not steps.min() >= PART_OF_GROWTH * gain:
        return False
    level = float(median(newest[-3:, None])[0])
    if (course.capacity - level) > TRUSTED_FOR * gain:
        return False
    before = _medians(course.values, size)[:-POINTS]
    past = before[np.isfinite(before)]
    if past.size < EARLIER * POINTS:
        return size * POINTS * course.step >= STRAIGHT_SECONDS and noise <= STRAIGHT * gain
    low, high = float(past.min()), float(past.max())
    return level > high + LEFT_BY * (high - low) + noise


def _line(points: Values) -> tuple[float, float]:
    """Draw a robust line (Theil-Sen): slope per point, and how far points stray from it."""
    x = np.flatnonzero(np.isfinite(points)).astype(np.float64)
    y = points[np.isfinite(points)]
    earlier, later = np.triu_indices(len(x), k=1)
    slope = float(np.median((y[later] - y[earlier]) / (x[later] - x[earlier])))
    rest = y - slope * x
    return slope, GAUSSIAN * float(np.median(np.abs(rest - np.median(rest))))


def _measure(points: Values, size: int, capacity: float) -> Drift:
    """Measure the rate of the growth that ends now, and how well it could be foreseen."""
    growth = points[_began(points) :]
    slope, noise = _line(growth[-POINTS:])
    # It is full when the noise on top first touches the capacity, not when the trend does.
    level = float(median(growth[-3:, None])[0]) + BEHIND * slope + NINE_OF_TEN * noise
    rate = rate_of(growth, capacity - level)
    return Drift(
        lasted=len(growth) * size,
        slope=rate.slope / size,
        spread=rate.spread,
        level=min(level, capacity),
    )


def _began(points: Values) -> int:
    """Find the point at which flat ground became growth.

    It is where the rise since then stands out most from a random walk, which gains with the root
    of time: a day that wandered is no part of an hour that grew.
    """
    known = np.flatnonzero(np.isfinite(points))
    value = points[known]
    around = median(np.stack([np.r_[value[:1], value[:-1]], value, np.r_[value[1:], value[-1:]]]))
    rise = float(median(value[-3:, None])[0]) - around
    length = len(points) - 1 - known
    told = np.where(length >= ONSET_POINTS - 1, rise / np.sqrt(np.maximum(length, 1)), -np.inf)
    return int(known[int(np.argmax(told))])
