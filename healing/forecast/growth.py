"""Growth that may be believed, and growth that may not, each with its reason."""

from dataclasses import dataclass
from math import copysign, erf, exp, hypot, inf, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from healing.features import GAUSSIAN
from healing.forecast.course import Course
from healing.forecast.drift import NINE_OF_TEN, Drift
from healing.forecast.past import growth_before
from healing.forecast.trends import FEWEST_POINTS, Scale, Trends, rises, trends

TRUSTED_FOR = 8.0
"""A trend is believed for so many times as long as it has lasted."""
ABOVE_NOISE = 5.0
FASTER = 1 + 1e-6
"""Times as much as the step before it; what grows by less is a step like it."""
STILL_GROWING = 0.5
"""Growth over the last two steps must be this share of the growth over all of the window."""
EVERY_STEP = 0.2
"""Growth over each of the last three steps must be this share of it: a jump is no trend."""
LATEST = 3
"""So many of the newest steps must each add to it."""
FALLS_TELL = 3
"""So many falls are a habit: it is cleaned up before it is full."""
SLOW_SECONDS = 1_200
HARDLY_EVER = 0.99
"""Growth slower than this must have brought it where it hardly ever stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth over one window, in rows.

    Attributes:
        lasted: How long it has been seen.
        slope: Growth per row.
        soonest: Rows until it is full; one in ten is sooner.
        likely: The same, in the middle.
        latest: One in ten is later.
        is_soon: Whether it is an alarm. Fast growth says little of what follows, and must be full
            within the rows that count even at its latest; slow growth, at its likeliest.
        certainty: How likely it is full within the rows that count, 0 to 1.
        doubt: Why it is not believed; empty when it is.
    """

    lasted: int
    slope: float
    soonest: float
    likely: float
    latest: float
    is_soon: bool
    certainty: float
    doubt: str


def judge(course: Course, scale: Scale, *, window: float) -> Growth | None:
    """Judge the growth over the newest window of a scale; None when there is none to speak of.

    Args:
        course: What is growing.
        scale: Of the windows it is looked at by.
        window: Rows that count.
    """
    # Next to nothing grows at any one time: the past is only measured where the newest window does.
    if not rises(course, scale, steps=LATEST):
        return None
    if not _promising(trends(course, scale, newest=1), course.capacity)[-1]:
        return None

    trend = trends(course, scale)
    alike = _promising(trend, course.capacity)
    slope, level = float(trend.slope[-1]), float(trend.level[-1])
    grain = max(slope, _told_apart(course, trend))
    error = max(float(trend.error[-1]), trend.error_of(grain))
    room, margin = course.capacity - level, trend.margin * error
    at_most = max(slope + margin, _fastest(trend.steps[-1, -LATEST:], trend.scale.rows, room))
    at_least = slope - margin
    likely = room / slope
    latest = room / at_least if at_least > 0 else inf
    soonest, latest = _around(likely, room / at_most, latest, grain=grain / slope)
    return Growth(
        lasted=(trend.scale.points - 1) * trend.scale.rows,
        slope=slope,
        soonest=soonest,
        likely=likely,
        latest=latest,
        is_soon=latest <= window,
        certainty=_certainty((slope - room / window) / error, trend.scale.points),
        doubt=_doubt(course, trend, alike),
    )


def growth_of(drift: Drift, *, capacity: float, window: float) -> Growth:
    """Say when slow growth reaches the capacity; its rate is uncertain by a factor.

    Args:
        drift: Believed.
        capacity: Where it is full; above the level.
        window: Rows that count.
    """
    likely = (capacity - drift.level) / drift.slope
    margin = exp(NINE_OF_TEN * drift.spread)
    soonest, latest = _around(likely, likely / margin, likely * margin, grain=1.0)
    return Growth(
        lasted=drift.lasted,
        slope=drift.slope,
        soonest=soonest,
        likely=likely,
        latest=latest,
        is_soon=likely <= window,
        certainty=0.5 * (1 + erf(log(window / max(likely, 1e-9)) / (drift.spread * sqrt(2)))),
        doubt="",
    )


def _around(likely: float, soonest: float, latest: float, *, grain: float) -> tuple[float, float]:
    """Widen an interval by so many rows that cannot be told apart: one, or more of coarse values.

    A sample stands for all of the time since the one before it.
    """
    sooner, later = hypot(likely - soonest, grain), hypot(latest - likely, grain)
    return max(0.0, likely - sooner), likely + later


def _fastest(steps: NDArray[np.float64], rows: int, room: float) -> float:
    """Give the rate at which it fills up if the newest steps go on, as they grew if each did."""
    times = float(steps[-1] / steps[0]) ** (1 / (len(steps) - 1))
    if times < FASTER or not (np.diff(steps) > 0).all():
        return float(steps.mean())
    coming = log1p(room * (times - 1) / (float(steps[-1]) * rows * times)) / log(times)
    return room / (coming * rows)


def _told_apart(course: Course, trend: Trends) -> float:
    """Give the smallest change from row to row in the newest window: values are no finer."""
    newest = course.values[-trend.scale.points * trend.scale.rows :]
    changes = np.abs(np.diff(newest[np.isfinite(newest)]))
    return float(changes[changes > 0].min())


def _promising(trend: Trends, capacity: float) -> NDArray[np.bool_]:
    """Say which windows promise to fill it, for as long as they can be believed. Shape (w,)."""
    trusted = TRUSTED_FOR * (trend.scale.points - 1) * trend.scale.rows
    return (
        trend.usable
        & (trend.level < capacity)
        & (trend.slope > trend.margin * trend.error)
        & (trend.steps[:, -2:].mean(axis=1) >= STILL_GROWING * trend.slope)
        & (trend.steps[:, -LATEST:].min(axis=1) >= EVERY_STEP * trend.slope)
        & (trend.slope * trusted >= capacity - trend.level)
    )


def _doubt(course: Course, trend: Trends, alike: NDArray[np.bool_]) -> str:
    if trend.slope[-1] <= ABOVE_NOISE * trend.noise():
        return "it goes up and down like this all the time"
    if not _above_usual(course.values, trend):
        return "it is only back where it usually stands"
    if _stood_here(course, trend):
        return "it has stood here before and came back"
    before = growth_before(course, trend, alike)
    if before.stopped is not None:
        return "it grew like this before and stopped by itself"
    if before.falls >= FALLS_TELL:
        return f"it grew like this before and fell again, {before.falls} times"
    return ""


def _above_usual(values: NDArray[np.float64], trend: Trends) -> bool:
    earlier = values[: trend.ends[-1] - trend.scale.points * trend.scale.rows]
    known = earlier[np.isfinite(earlier)]
    steps = np.abs(np.diff(known))
    noise = GAUSSIAN * float(np.median(steps)) if steps.size else 0.0
    return not known.size or bool(trend.level[-1] > np.median(known) + 3 * noise)


def _stood_here(course: Course, trend: Trends) -> bool:
    """Say whether growth that took its time has only come near where it often stood before."""
    lasted = trend.scale.points * trend.scale.rows
    if lasted * course.step < SLOW_SECONDS:
        return False
    earlier = course.values[: trend.ends[-1] - lasted]
    known = earlier[np.isfinite(earlier)]
    return known.size > 0 and bool(trend.level[-1] <= np.quantile(known, HARDLY_EVER))


def _certainty(t: float, points: int) -> float:
    """Give the distribution function of Student's t for the slope of a line through `points`."""
    if points == FEWEST_POINTS:
        return 0.5 + t / (2 * sqrt(2 + t * t))
    u = t * t / (4 + t * t)
    return 0.5 + copysign(sqrt(u), t) * (3 - u) / 4
