"""Where resources are expected to be: the course of each, drawn anew every half an hour.

Drawing one takes some 10 ms a service, and a course hardly changes from one minute to the next: so
each service has its own minute of the half an hour.
"""

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.forecast import Exhaustion, Outlook, forecast
from healing.history import History
from healing.names import ServiceName, SignalName
from healing.watching.fading import Fading

AHEAD = (timedelta(hours=1), timedelta(hours=24))
"""How far ahead it is said, beside the time that counts for exhaustion."""
QUANTILES = (0.1, 0.5, 0.9)
AGAIN = timedelta(minutes=30)
TOO_OLD = timedelta(hours=1)
"""What is older, because a look was missed, is drawn out of turn."""
AT_ONCE = 8
"""So many services are drawn out of turn in one look, new ones and those too old."""
POINTS = 100
"""A course is kept in so many points: some kilobytes a service."""
UNKNOWN = (float("nan"), float("nan"), float("nan"))
LONGEST = timedelta(hours=25)
"""A course is drawn for the longest time ahead, and the time until it is drawn anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The course of some signals, as coarsely as it is needed.

    Attributes:
        start: Time of the first row, in seconds since the epoch.
        step: Seconds from one row to the next.
        signals: What the columns are.
        paths: One for each of `QUANTILES`. Shape (3, h, k).
    """

    start: int
    step: int
    signals: tuple[SignalName, ...]
    paths: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a signal is expected to be, in its unit.

    Attributes:
        signal: Which.
        horizon: How far ahead of now.
        capacity: Where it is full.
        quantiles: One for each of `QUANTILES`, rising; NaN while they are not known.
    """

    signal: SignalName
    horizon: timedelta
    capacity: float
    quantiles: tuple[float, float, float]


class Courses:
    """Remembers the course of the signals of each service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn = Fading[ServiceName, tuple[datetime, Drawn]]()
        self._now: datetime | None = None
        self._at_once = 0

    def of(
        self, service: ServiceName, history: History, signals: tuple[SignalName, ...], now: datetime
    ) -> Drawn | None:
        """Give the course of the signals of a service; None while it has not had its turn.

        Args:
            service: Whose they are.
            history: Of it.
            signals: Those that can run out.
            now: The time of the look.
        """
        with self._lock:
            at, known = self._drawn.get(service) or (now, None)
            if known is not None and known.signals != signals:
                known = None
            waits = known is None or now - at > TOO_OLD
            if not signals or not self._may_draw(service, now, history.step, waits=waits):
                return known
        drawn = _draw(history.choose(signals), now)
        with self._lock:
            self._drawn.keep(service, (now, drawn), at=now.timestamp())
        return drawn

    def _may_draw(self, service: ServiceName, now: datetime, step: int, *, waits: bool) -> bool:
        if now != self._now:
            self._now, self._at_once = now, 0
        turns = max(1, int(AGAIN.total_seconds()) // step)
        if (int(now.timestamp()) // step + zlib.crc32(service.encode())) % turns == 0:
            return True
        if not waits or self._at_once >= AT_ONCE:
            return False
        self._at_once += 1
        return True


def _draw(history: History, now: datetime) -> Drawn:
    said = forecast(history, horizon=LONGEST, now=now, quantiles=QUANTILES)
    every = max(1, len(said.point) // POINTS)
    paths = said.paths[:, ::every].astype(np.float32)
    return Drawn(said.start, said.step * every, said.signals, paths)


def expected(
    course: Drawn | None,
    forecasts: Sequence[Exhaustion],
    horizons: Sequence[timedelta],
    now: datetime,
) -> tuple[Expected, ...]:
    """Say what each resource is expected to be at each horizon.

    What fills up goes straight from where it stands to its capacity, at the three times when it may
    be full; everything else takes its course.

    Args:
        course: Of the signals; None while it is not known.
        forecasts: Of the same signals.
        horizons: How far ahead of `now`.
        now: The time of the look.
    """
    return tuple(
        Expected(
            signal=one.signal,
            horizon=horizon,
            capacity=one.capacity,
            quantiles=_filling(one, horizon)
            or _taking_its_course(course, one.signal, now + horizon),
        )
        for one in forecasts
        for horizon in dict.fromkeys(horizons)
    )


def _filling(one: Exhaustion, horizon: timedelta) -> tuple[float, float, float] | None:
    if one.outlook is Outlook.FULL:
        return one.level, one.level, one.level
    if one.soonest is None or one.likely is None or one.latest is None:
        return None
    # What nine in ten stay below is what fills up soonest.
    slow, likely, fast = (
        one.level + (one.capacity - one.level) * (horizon / span)
        for span in (one.latest, one.likely, one.soonest)
    )
    return slow, likely, fast


def _taking_its_course(
    course: Drawn | None, signal: SignalName, at: datetime
) -> tuple[float, float, float]:
    if course is None or signal not in course.signals:
        return UNKNOWN
    row = round((at.timestamp() - course.start) / course.step)
    if not 0 <= row < course.paths.shape[1]:
        return UNKNOWN
    low, middle, high = course.paths[:, row, course.signals.index(signal)].tolist()
    return low, middle, high
