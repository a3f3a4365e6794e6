"""Does it leak? What it never gives back must grow, go on growing, and have no other reason."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.history import History, say, say_rate, say_time
from healing.leak.floor import floor_of, life_of, mean_of, without_days, without_load
from healing.leak.rules import Because, Found, against
from healing.leak.trend import FEWEST_POINTS
from healing.names import SignalName

Values = NDArray[np.float64]

LONGEST = timedelta(days=3650)
LEAST_TIME = timedelta(hours=1)
DAY = 86_400


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
            found = Found(Because.CACHE, found.trend)
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
    full_in = timedelta(seconds=min(seconds, LONGEST.total_seconds()))
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


def _judge(
    history: History,
    signal: SignalName,
    limit: float,
    *,
    load: SignalName | None,
    restarts: Collection[datetime],
) -> Found:
    values = history.column(signal).astype(np.float64)
    rows_of = [(int(r.timestamp()) - history.start) // history.step for r in restarts]
    began, tooth = life_of(values, np.array([r for r in rows_of if 0 <= r < len(values)], np.int64))
    floor, rows = floor_of(values[began:], tooth=tooth)
    seconds = rows * history.step
    lived = int(np.isfinite(floor).sum())
    if lived < FEWEST_POINTS or lived * seconds < LEAST_TIME.total_seconds():
        return Found(Because.TOO_LITTLE)
    judged = against(floor, seconds, limit)
    if judged.because is not Because.LEAK:
        return replace(judged, rows=rows)
    if load is not None:
        apart = without_load(floor, mean_of(history.column(load).astype(np.float64)[began:], rows))
        if apart is not floor and against(apart, seconds, limit).because is not Because.LEAK:
            return replace(judged, because=Because.LOAD, rows=rows)
        floor = apart
    daily = _beside_yesterday(values, began, floor, rows, history.step)
    if daily is not floor and against(daily, seconds, limit).because is not Because.LEAK:
        return replace(judged, because=Because.SEASONAL, rows=rows)
    return replace(judged, rows=rows)


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
