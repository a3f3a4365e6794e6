"""When is it full? A trend must stand out from the past before it is believed."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

import numpy as np

from healing.forecast.brink import Brink, brink_of
from healing.forecast.course import Course, course_of
from healing.forecast.drift import drift_of
from healing.forecast.growth import Growth, growth_of, judge
from healing.forecast.trends import scales
from healing.history import History, say, say_rate, say_time
from healing.names import SignalName

STALE_SECONDS = 120
STALE_ROWS = 3
FEWEST_ROWS = 30
LIVES_WITH_IT = 0.5
"""Full for this share of its history: that is how it works, not a trouble."""
ALMOST = 0.99
FASTER = 2.0
"""Growth that has only begun counts beside one that went on for hours if it is so much faster."""
HOUR = 3600
LONGEST = timedelta(days=3650)


class Outlook(StrEnum):
    """What is to be expected. Also the `outlook` label of metrics."""

    UNKNOWN = "unknown"
    """It cannot be said; the reason says why."""
    STEADY = "steady"
    GROWING = "growing"
    """It will be full, though maybe not within the time that counts."""
    SOON = "soon"
    """It will be full within the time that counts."""
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """When something is full, and why we think so."""

    signal: SignalName
    outlook: Outlook
    level: float
    """Where it stands; NaN when unknown."""
    capacity: float
    at: datetime
    """Time of the newest sample; of the forecast when there is none."""
    soonest: timedelta | None = None
    """Time from `at` until it is full; one in ten is sooner. None when it does not fill."""
    likely: timedelta | None = None
    latest: timedelta | None = None
    """One in ten is later."""
    risen: tuple[float | None, float | None] = (None, None)
    """By how much it stands higher than 6 and 24 hours before; None where it began anew since."""
    certainty: float = 0.0
    """How likely it is full within the time that counts, 0 to 1."""
    reason: str = ""
    """One sentence for a person."""

    @property
    def exhausts(self) -> bool:
        """Whether it is full within the time that counts."""
        return self.outlook in {Outlook.SOON, Outlook.FULL}


def forecast_exhaustion(
    history: History,
    signal: SignalName,
    capacity: float,
    *,
    now: datetime,
    window: timedelta,
    unit: str = "",
    restarts: Collection[datetime] = (),
) -> Exhaustion:
    """Say when a signal reaches its capacity.

    Fast growth is measured over windows of four rows up to a quarter of the history. It is believed
    when it is certain, still going on, far above the noise of other such windows, above where the
    signal usually stands, and when no growth like it has come to nothing before; and then for
    eight times as long as it has lasted. Slow growth, over hours to days, is believed when the
    level has left the whole range of the past; it speaks for fast growth that is hardly faster.
    What wanders close below its capacity is believed to fill up when it stands well above where it
    always turned back.

    Args:
        history: Of the service.
        signal: What fills up.
        capacity: Where it is full.
        now: Nothing after it is looked at.
        window: The time that counts: growth that fills it later is no reason for an alarm.
        unit: Of the signal, for the words.
        restarts: When the service was started anew: a fall there is not a clean-up of its own.
    """
    history = history.until(now)
    course = course_of(history, signal, capacity, restarts)
    measured_at = history.last_at(signal)
    outlook = Exhaustion(
        signal=signal,
        outlook=Outlook.UNKNOWN,
        level=float(course.values[-1]) if course.values.size else float("nan"),
        capacity=capacity,
        at=measured_at or now,
    )
    if cannot := _cannot_say(course, age=now - outlook.at):
        return replace(outlook, reason=f"{signal}: {cannot}")

    stands = f"{signal} is at {say(outlook.level, unit)} of {say(capacity, unit)}"
    if outlook.level >= capacity:
        return _full(outlook, course, stands)
    rows = window.total_seconds() / course.step
    growths = [
        growth
        for scale in scales(len(course.values))
        if (growth := judge(course, scale, window=rows)) is not None
    ]
    believed = [growth for growth in growths if not growth.doubt]
    drift = drift_of(course)
    if drift is not None and drift.level < capacity:
        slow = growth_of(drift, capacity=capacity, window=rows)
        # Growth that has gone on for longer is the better known, and speaks for the shorter ones.
        believed = [growth for growth in believed if FASTER * growth.likely < slow.likely] or [slow]
    soon = [growth for growth in believed if growth.is_soon]
    brink = brink_of(course) if not soon else None
    if brink is not None:
        # It has not been so high for days: that it wanders below that by the hour says nothing.
        outlook = replace(outlook, risen=(brink.drift.level - brink.before,) * 2)
        growth = growth_of(brink.drift, capacity=capacity, window=rows)
        words = _nearer_than_ever(brink, growth, course.step, unit)
        return _growing(outlook, growth, course.step, f"{stands} {words}", soon=growth.is_soon)
    if believed:
        outlook = replace(outlook, risen=(course.risen(6 * HOUR), course.risen(24 * HOUR)))
        growth = min(soon or believed, key=lambda one: (one.latest - one.soonest) / one.likely)
        words = _has_grown(growth, course.step, unit)
        return _growing(outlook, growth, course.step, f"{stands} and {words}", soon=bool(soon))
    doubt = next((growth.doubt for growth in growths if growth.likely <= rows), "")
    steady = "does not grow beyond what is usual"
    return replace(
        outlook,
        outlook=Outlook.STEADY,
        reason=f"{stands} and {steady}" + (f": {doubt}" if doubt else ""),
    )


def _cannot_say(course: Course, *, age: timedelta) -> str:
    if not isfinite(course.capacity) or course.capacity <= 0:
        return f"a capacity of {course.capacity:g} cannot be reached"
    if not course.values.size:
        return "it was never measured"
    if age.total_seconds() > max(STALE_SECONDS, STALE_ROWS * course.step):
        return f"the newest sample is {say_time(age)} old"
    if (have := int(np.isfinite(course.values).sum())) < FEWEST_ROWS:
        return f"{have} samples are too few to say where it is going; {FEWEST_ROWS} are needed"
    return ""


def _full(outlook: Exhaustion, course: Course, stands: str) -> Exhaustion:
    known = course.values[np.isfinite(course.values)]
    if np.mean(known >= ALMOST * course.capacity) >= LIVES_WITH_IT:
        return replace(
            outlook,
            outlook=Outlook.STEADY,
            reason=f"{stands}, as it is most of the time: it lives with that",
        )
    none = timedelta(0)
    return replace(
        outlook,
        outlook=Outlook.FULL,
        soonest=none,
        likely=none,
        latest=none,
        certainty=1.0,
        reason=f"{stands}: it is full",
    )


def _growing(
    outlook: Exhaustion, growth: Growth, step: int, words: str, *, soon: bool
) -> Exhaustion:
    soonest, likely, latest = (
        timedelta(seconds=min(rows * step, LONGEST.total_seconds()))
        for rows in (growth.soonest, growth.likely, growth.latest)
    )
    return replace(
        outlook,
        outlook=Outlook.SOON if soon else Outlook.GROWING,
        soonest=soonest,
        likely=likely,
        latest=latest,
        certainty=growth.certainty,
        reason=(f"{words}: full in {say_time(likely)} ({say_time(soonest)} to {say_time(latest)})"),
    )


def _has_grown(growth: Growth, step: int, unit: str) -> str:
    lasted = say_time(timedelta(seconds=growth.lasted * step))
    return f"has grown by {say_rate(growth.slope / step, unit)} for {lasted}"


def _nearer_than_ever(brink: Brink, growth: Growth, step: int, unit: str) -> str:
    lasted = say_time(timedelta(seconds=growth.lasted * step))
    stood, before = say(brink.drift.level, unit), say(brink.before, unit)
    return f"and stood at {stood} lately: nearer to full for {lasted} than ever ({before})"
