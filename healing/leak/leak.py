"""Does it leak? What it never gives back must grow, go on growing, and have no other reason."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from healing.history import History, say, say_rate, say_time
from healing.leak.floor import floor_of, life_of, mean_of, without_days, without_load
from healing.leak.trend import FEWEST_POINTS, Trend, trend_of
from healing.names import SignalName

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
LEAST_TIME = timedelta(hours=1)
FEWEST_OF_GROWTH = 10
DAY = 86_400
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Whether something leaks, and why we think so. Rates are per second.

    Attributes:
        signal: What was looked at.
        at: Of the newest sample.
        because: The one reason that decides.
        rate: How fast the floor grows; NaN when too little is known.
        least: Lower end of its 95 % interval.
        most: Upper end.
        full_in: At that rate; None when it does not leak.
        reason: One sentence for a person.
    """

    signal: SignalName
    at: datetime
    because: Because
    rate: float = float("nan")
    least: float = float("nan")
    most: float = float("nan")
    full_in: timedelta | None = None
    reason: str = ""

    @property
    def leaks(self) -> bool:
        """Whether it leaks."""
        return self.because is Because.LEAK


def find_leak(  # noqa: PLR0913 each is a fact of its own
    history: History,
    signal: SignalName,
    limit: float,
    *,
    now: datetime,
    load: SignalName | None = None,
    resident: SignalName | None = None,
    restarts: Collection[datetime] = (),
    unit: str = "",
) -> Leak:
    """Say whether a signal leaks.

    The rules are asked one after the other, and the first that speaks against a leak decides.

    Args:
        history: Of one instance.
        signal: What may leak: memory, connections, file descriptors.
        limit: Where it is full.
        now: Nothing after it is looked at.
        load: What drives it, such as requests per second: growth along with it is no leak.
        resident: What the program itself holds, where `signal` counts the page cache too.
        restarts: When the instance was started.
        unit: Of the signal, for the words.
    """
    history = history.until(now)
    at = history.last_at(signal) or now
    found = _judge(history, signal, limit, load=load, restarts=restarts)
    if found.because is Because.LEAK and resident is not None:
        own = _judge(history, resident, limit, load=load, restarts=restarts)
        if own.because not in {Because.LEAK, Because.TOO_LITTLE}:
            found = _Found(Because.CACHE, found.trend)
    words = _WORDS[found.because]
    leak = Leak(signal=signal, at=at, because=found.because, reason=f"{signal} {words}")
    if found.trend is None:
        return leak
    rate, least, most = (
        slope / (found.rows * history.step)
        for slope in (found.trend.slope, found.trend.low, found.trend.high)
    )
    leak = replace(leak, rate=rate, least=least, most=most)
    if not leak.leaks:
        return leak
    seconds = max(0.0, (limit - found.level) / rate)
    full_in = timedelta(seconds=min(seconds, FULL_WITHIN.total_seconds() * 500))
    lasted = say_time(timedelta(seconds=found.points * found.rows * history.step))
    return replace(
        leak,
        full_in=full_in,
        reason=(
            f"{signal} {words}: what it never gives back has grown by {say_rate(rate, unit)} "
            f"({say_rate(least, unit)} to {say_rate(most, unit)}) for {lasted}, to "
            f"{say(found.level, unit)} of {say(limit, unit)}: full in {say_time(full_in)}"
        ),
    )


_WORDS = {
    Because.LEAK: "leaks",
    Because.TOO_LITTLE: "was measured too little since it was started",
    Because.STEADY: "does not surely grow",
    Because.PLATEAU: "has grown and found its level",
    Because.STEP: "has grown at once, and not since",
    Because.SLIGHT: "grows too slowly to matter",
    Because.LOAD: "grows with the load",
    Because.SEASONAL: "grows as on every day",
    Because.CACHE: "grows by page cache; what the program holds does not",
}


@dataclass(frozen=True, slots=True)
class _Found:
    because: Because
    trend: Trend | None = None
    rows: int = 1
    points: int = 0
    level: float = float("nan")


def _judge(
    history: History,
    signal: SignalName,
    limit: float,
    *,
    load: SignalName | None,
    restarts: Collection[datetime],
) -> _Found:
    values = history.column(signal).astype(np.float64)
    rows_of = [(int(r.timestamp()) - history.start) // history.step for r in restarts]
    began, tooth = life_of(values, np.array([r for r in rows_of if 0 <= r < len(values)], np.int64))
    floor, rows = floor_of(values[began:], tooth=tooth)
    seconds = rows * history.step
    lived = int(np.isfinite(floor).sum())
    if lived < FEWEST_POINTS or lived * seconds < LEAST_TIME.total_seconds():
        return _Found(Because.TOO_LITTLE)
    against = _against(floor, seconds, limit)
    if against.because is not Because.LEAK:
        return replace(against, rows=rows)
    if load is not None:
        apart = without_load(floor, mean_of(history.column(load).astype(np.float64)[began:], rows))
        if apart is not floor and _against(apart, seconds, limit).because is not Because.LEAK:
            return replace(against, because=Because.LOAD, rows=rows)
        floor = apart
    daily = _beside_yesterday(values, began, floor, rows, history.step)
    if daily is not floor and _against(daily, seconds, limit).because is not Because.LEAK:
        return replace(against, because=Because.SEASONAL, rows=rows)
    return replace(against, rows=rows)


def _against(floor: Values, seconds: int, limit: float) -> _Found:
    """Ask the rules in turn; a point of the floor lasts so many seconds."""
    onset = _onset(floor)
    growth, ground = floor[onset:], floor[:onset]
    trend = trend_of(growth)
    known = growth[np.isfinite(growth)]
    level = float(np.median(known[-3:])) if known.size else float("nan")
    found = _Found(Because.LEAK, trend, points=len(growth), level=level)
    gain = trend.slope * (len(growth) - 1)
    place = np.arange(len(growth)) - (len(growth) - 1)
    rest = growth - trend.slope * place
    noise = 1.4826 * float(np.nanmedian(np.abs(rest - np.nanmedian(rest)))) if known.size else 0.0
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


def _onset(floor: Values) -> int:
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


def _beside_yesterday(values: Values, began: int, floor: Values, rows: int, step: int) -> Values:
    """Set the day's shape apart: by its fit where days are many, else beside the day before."""
    fitted = without_days(floor, step=rows * step)
    if fitted is not floor:
        return fitted
    day, lived = DAY // step, len(floor) * rows
    first = len(values) - lived - day
    if first < 0:
        return floor
    yesterday = floor_of(values[first : first + lived], tooth=0)[0]
    if len(yesterday) != len(floor) or np.isfinite(yesterday).mean() < 0.7:  # noqa: PLR2004 most
        return floor
    usual = yesterday - np.nanmean(yesterday)
    # A leak that went on yesterday would else hide itself: only its shape is taken, not its slope.
    apart = floor - np.where(np.isfinite(usual), usual, 0.0)
    return apart if began <= first or lived <= day else floor
