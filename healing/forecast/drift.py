"""Slow growth: over hours or days, into territory where the quantity never stood before.

Growth from one row to the next drowns in noise here; what gives it away is that it goes on. It is
believed when the level has left the range of everything before by far, in more than one step.
How fast it goes is said by lines over several spans, weighted by how well each foresaw what
followed at earlier origins; their misses there give the interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features import median
from healing.features.segments import falls
from healing.forecast.course import Course

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
ONSET_POINTS, ONSETS = 12, 64
"""Growth has lasted for so many points at least; so many beginnings of it are tried."""
ORIGINS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SHARES = (0.25, 0.5, 1.0)
"""Lines are drawn through the newest quarter, half and all of the growth."""
LEAST_SPREAD = 0.1
"""No rate is known better than this, as a share of itself."""
AT_MOST = 0.05
"""The rate is corrected by what foresight missed before, up to this logarithm."""
NINE_OF_TEN = 1.2816
SHARPNESS = 2.0


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
    return slope, 1.4826 * float(np.median(np.abs(rest - np.median(rest))))


def _rate(points: Values) -> float:
    """Measure growth per point, small jumps that are a part of it included (least squares)."""
    x = np.flatnonzero(np.isfinite(points)).astype(np.float64)
    y = points[np.isfinite(points)]
    x -= x.mean()
    return float(x @ y / (x @ x)) if len(x) > 1 else 0.0


def _measure(points: Values, size: int, capacity: float) -> Drift:
    """Measure the rate of the growth that ends now, and how well it could be foreseen."""
    growth = points[_began(points) :]
    spans = [max(6, round(share * len(growth))) for share in SHARES]
    slopes = np.array([_rate(growth[-span:]) for span in spans])
    misses = np.array([_missed(growth, share) for share in SHARES])
    errors = np.nan_to_num(median(np.abs(misses).T), nan=1.0) + LEAST_SPREAD
    weights = np.where(slopes > 0, errors**-SHARPNESS, 0.0)
    slope = float(slopes @ weights / weights.sum()) if weights.sum() else float(slopes[-1])
    known = np.isfinite(misses) * weights[:, None]
    mixed = (np.nan_to_num(misses) * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1e-12)
    # Ageing speeds up: what was foreseen too slow before, each time, is too slow now.
    slope *= float(np.exp(np.clip(np.median(mixed), -AT_MOST, AT_MOST)))
    spread = max(LEAST_SPREAD, float(np.linalg.norm(mixed)) / len(ORIGINS) ** 0.5)
    # It is full when the noise on top first touches the capacity, not when the trend does.
    level = float(median(growth[-3:, None])[0]) + slope + NINE_OF_TEN * _line(growth[-POINTS:])[1]
    return Drift(
        lasted=len(growth) * size,
        slope=slope / size,
        spread=spread,
        level=min(level, capacity),
    )


def _began(points: Values) -> int:
    """Find the point at which flat ground became growth: the hinge that fits best."""
    known = np.isfinite(points)
    place = np.flatnonzero(known).astype(np.float64)
    last = len(points) - ONSET_POINTS
    hinges = np.unique(np.linspace(0, max(0, last), ONSETS).astype(np.int64))
    risen = np.maximum(place[None, :] - hinges[:, None], 0.0)
    risen -= risen.mean(axis=1, keepdims=True)
    level = points[known] - points[known].mean()
    fit = (risen @ level) * np.abs(risen @ level) / np.maximum((risen**2).sum(axis=1), 1e-12)
    return int(hinges[int(np.argmax(fit))])


def _missed(growth: Values, share: float) -> Values:
    """Log of the true rate over the foreseen one, at each origin; NaN where none was foreseen."""
    found = np.full(len(ORIGINS), np.nan)
    for number, origin in enumerate(ORIGINS):
        end = round(origin * len(growth))
        seen, coming = growth[:end], growth[end - 1 :]
        span = max(6, round(share * end))
        if end < 6 or np.isfinite(seen[-span:]).sum() < 4 or np.isfinite(coming).sum() < 2:  # noqa: PLR2004 a line
            continue
        foreseen = _rate(seen[-span:])
        start, stop = (float(median(part[-3:, None])[0]) for part in (seen, growth))
        true = (stop - start) / max(1, len(growth) - end)
        if foreseen > 0 and true > 0:
            found[number] = np.log(true / foreseen)
    return found
