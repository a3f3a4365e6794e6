"""Replay a quantity that can be full: the alarms that `watch` would have raised, and what came."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray

from healing.backtest.episodes import DAY, runs
from healing.forecast import Exhaustion, forecast_exhaustion
from healing.history import History
from healing.names import SignalName
from healing.policy.exhausting import Alarm, alarm_of, patience

LINEAR_OVER = timedelta(hours=6)
"""The range that the rule which everybody has looks back over: `predict_linear(x[6h], ...)`."""
FIRST_AFTER = timedelta(hours=6)
EARLIER = 2
"""Looks before the newest: at the beginning, and half way, of the time that it must be said for."""
FULL = 0.99
"""Share of the capacity at which it is full, for what is left is never quite used up."""
FILLS = ("memory", "swap", "disk", "filesystem", "inodes", "connections", "descriptors")
CAPACITIES = (("_percent", 100.0), ("_ratio", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What alarms of exhaustion, and the times they gave, were worth. Counts add up."""

    points: int = 0
    """Times at which it was looked ahead."""
    due: int = 0
    """Of these, at how many it was full within the window."""
    told: int = 0
    """Of those due, at how many there was an alarm."""
    fills: int = 0
    """How often it became full, having been looked at before."""
    leads: tuple[float, ...] = ()
    """Seconds from the first alarm to that, of each of those with an alarm within the window."""
    false_points: int = 0
    false_episodes: int = 0
    days: float = 0.0
    errors: tuple[float, ...] = ()
    """Of the likely time, as a share of the true one, wherever it did fill up."""
    covered: tuple[bool, ...] = ()
    """Whether the true time lay between the soonest and the latest."""

    def __add__(self, other: "Foretold") -> "Foretold":
        return Foretold(
            points=self.points + other.points,
            due=self.due + other.due,
            told=self.told + other.told,
            fills=self.fills + other.fills,
            leads=self.leads + other.leads,
            false_points=self.false_points + other.false_points,
            false_episodes=self.false_episodes + other.false_episodes,
            days=self.days + other.days,
            errors=self.errors + other.errors,
            covered=self.covered + other.covered,
        )

    @property
    def recall(self) -> float:
        """Share of the times it was due at which there was an alarm; NaN when it never was."""
        return self.told / self.due if self.due else float("nan")

    @property
    def fills_told(self) -> float:
        """Share of the times it became full that an alarm had told of; NaN when it never did."""
        return len(self.leads) / self.fills if self.fills else float("nan")

    @property
    def lead(self) -> float:
        """Median seconds from the first alarm until it was full; NaN without any."""
        return float(np.median(self.leads)) if self.leads else float("nan")

    @property
    def false_per_day(self) -> float:
        """Episodes of false alarms per day of one series."""
        return self.false_episodes / self.days if self.days else float("nan")

    @property
    def error(self) -> float:
        """Median error of the likely time, as a share of the true one; NaN without any."""
        return float(np.median(self.errors)) if self.errors else float("nan")

    @property
    def coverage(self) -> float:
        """Share of true times between the soonest and the latest; meant to be 0.8."""
        return float(np.mean(self.covered)) if self.covered else float("nan")


@dataclass(frozen=True, slots=True)
class _Guess:
    """What was foretold at one time, in seconds from there; None: it does not fill up."""

    is_alarm: bool
    soonest: float | None
    likely: float | None
    latest: float | None


def usual_capacity(signal: SignalName) -> float | None:
    """Give the capacity that the name of a signal tells; None when it tells none.

    Example:
        >>> usual_capacity(SignalName("memory_percent")), usual_capacity(SignalName("requests"))
        (100.0, None)
    """
    if not any(word in signal for word in FILLS):
        return None
    return next((full for ending, full in CAPACITIES if signal.endswith(ending)), None)


def look_ahead(
    history: History, signal: SignalName, capacity: float, *, window: timedelta
) -> tuple[Exhaustion, Alarm]:
    """Judge the newest row as `watch` does: having looked before, for as long as it must be said.

    Three looks stand for all of those.

    Args:
        history: All that is known.
        signal: What fills up.
        capacity: Where it is full.
        window: An alarm says: full within this time.
    """
    told = _forecast(history, signal, capacity, window)
    needed = patience(told.soonest or timedelta()).total_seconds()
    apart = max(1, ceil(needed / (EARLIER * history.step)))
    every = timedelta(seconds=apart * history.step)
    alarm = None
    for back in range(EARLIER, 0, -1) if told.exhausts else ():
        earlier = history.rows(0, max(0, len(history) - back * apart))
        alarm = alarm_of(_forecast(earlier, signal, capacity, window), alarm, every=every)
    return told, alarm_of(told, alarm, every=every)


def replay_exhaustion(
    history: History,
    signal: SignalName,
    capacity: float,
    *,
    window: timedelta,
    every: timedelta = timedelta(hours=1),
) -> tuple[Foretold, Foretold]:
    """Look ahead every hour, and at some rows before it, knowing only what was known then.

    Args:
        history: All that was measured.
        signal: What fills up.
        capacity: Where it is full.
        window: An alarm says: full within this time.
        every: From one look to the next.

    Returns:
        What our alarms were worth, and those of `predict_linear` over six hours.
    """
    values = history.column(signal).astype(np.float64)
    stride = max(1, int(every.total_seconds()) // history.step)
    begins = max(1, int(FIRST_AFTER.total_seconds()) // history.step)
    origins = np.arange(begins, len(values), stride)
    origins = origins[np.isfinite(values[origins])]
    origins = origins[values[origins] < FULL * capacity]
    ours = [_ours(history, signal, capacity, row, window) for row in origins.tolist()]
    linear = [_linear(values, history.step, capacity, row, window) for row in origins.tolist()]
    judged = (values, origins, history.step, capacity, window)
    return _judge(ours, *judged), _judge(linear, *judged)


def _forecast(
    history: History, signal: SignalName, capacity: float, window: timedelta
) -> Exhaustion:
    now = datetime.fromtimestamp(history.end, UTC)
    return forecast_exhaustion(history, signal, capacity, now=now, window=window)


def _ours(
    history: History, signal: SignalName, capacity: float, row: int, window: timedelta
) -> _Guess:
    told, alarm = look_ahead(history.rows(0, row + 1), signal, capacity, window=window)
    times = (told.soonest, told.likely, told.latest)
    seconds = [time.total_seconds() if time is not None else None for time in times]
    return _Guess(alarm.is_raised, *seconds)


def _linear(
    values: NDArray[np.float64], step: int, capacity: float, row: int, window: timedelta
) -> _Guess:
    past = values[max(0, row + 1 - int(LINEAR_OVER.total_seconds()) // step) : row + 1]
    at = np.flatnonzero(np.isfinite(past)) - (len(past) - 1)
    known = past[np.isfinite(past)]
    if len(known) < 2 or (slope := float(np.polyfit(at, known, 1)[0]) / step) <= 0:  # noqa: PLR2004 a line
        return _Guess(is_alarm=False, soonest=None, likely=None, latest=None)
    now = float(known.mean() - slope * step * at.mean())
    full = max(0.0, (capacity - now) / slope)
    return _Guess(full <= window.total_seconds(), full, full, full)


def _judge(
    guesses: list[_Guess],
    values: NDArray[np.float64],
    origins: NDArray[np.int64],
    step: int,
    capacity: float,
    window: timedelta,
) -> Foretold:
    full = np.flatnonzero(values >= FULL * capacity)
    seconds = window.total_seconds()
    due = told = 0
    errors, covered, false = list[float](), list[bool](), np.zeros(len(origins), np.bool_)
    for place, (row, guess) in enumerate(zip(origins.tolist(), guesses, strict=True)):
        after = full[np.searchsorted(full, row) :][:1]
        true = float(after[0] - row) * step if after.size else None
        if true is not None and true <= seconds:
            due += 1
            told += guess.is_alarm
        elif guess.is_alarm:
            # Where the recording ends before the time foretold is over, nobody knows.
            false[place] = (len(values) - 1 - row) * step >= (guess.latest or 0.0)
        if true and guess.likely is not None:
            errors.append(abs(guess.likely - true) / true)
            low, high = guess.soonest or 0.0, guess.latest or 0.0
            covered.append(low <= true <= high)
    alarms = origins[[guess.is_alarm for guess in guesses]]
    fills = [int(first) for first, _ in runs(values >= FULL * capacity, merged=DAY // step)]
    fills = [row for row in fills if origins.size and row > origins[0]]
    leads = [_lead(alarms, row, seconds / step) * step for row in fills]
    return Foretold(
        points=len(origins),
        due=due,
        told=told,
        fills=len(fills),
        leads=tuple(lead for lead in leads if lead),
        false_points=int(false.sum()),
        false_episodes=len(runs(false)),
        days=len(values) * step / DAY,
        errors=tuple(errors),
        covered=tuple(covered),
    )


def _lead(alarms: NDArray[np.int64], full: int, window: float) -> float:
    """Count the rows from the first alarm within the window to where it was full; 0: none."""
    before = alarms[(alarms < full) & (alarms >= full - window)]
    return float(full - before[0]) if before.size else 0.0
