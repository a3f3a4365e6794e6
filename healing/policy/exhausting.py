"""Whether a forecast of exhaustion deserves an alarm: sure, on the way up, and said for a while."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from healing.forecast import Exhaustion, Outlook
from healing.history import say_time

SURE = 0.8
"""Probability of being full within the time that counts, from which it is believed."""
HEADROOM = 0.75
"""Share of the capacity that is still free, above which growth is not looked at yet."""
NEAR = timedelta(hours=1)
"""What is full sooner than this has no headroom, however much is free."""
LOOKS_APART = 5
"""Looks that say so may lie so many steps apart, or they are no longer one saying."""
PATIENCE = 0.15
"""Share of the time until it may be full that is spent on looking again: most false forecasts are
gone by then, and a true one loses next to nothing."""
LONGEST = timedelta(minutes=30)
"""But no more than that."""


class Word(StrEnum):
    """The one reason that decides."""

    FULL = "full"
    LASTS = "lasts"
    """Looks have said so for long enough."""
    NO_TIME = "no_time"
    """It is likely full before it could be said twice."""
    NOT_SOON = "not_soon"
    UNSURE = "unsure"
    NOT_RISING = "not_rising"
    HEADROOM = "headroom"
    NOT_YET = "not_yet"
    """Looks have not said so for long enough."""


ALARMS = frozenset({Word.FULL, Word.LASTS, Word.NO_TIME})


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whether it is an alarm, and why."""

    word: Word
    reason: str
    """One sentence for a person."""
    since: datetime | None = None
    """Since when looks have said so; None when none does."""
    at: datetime | None = None
    """Of the newest of them."""

    @property
    def is_raised(self) -> bool:
        """Whether it is one."""
        return self.word in ALARMS


def alarm_of(forecast: Exhaustion, before: Alarm | None, *, every: timedelta) -> Alarm:
    """Decide whether a forecast is an alarm. The first rule that applies wins.

    Args:
        forecast: Of this look.
        before: What came of the look before for the same signal; None when there was none.
        every: From one look to the next.
    """
    since, at = before.since if before else None, before.at if before else None
    if at is None or forecast.at - at > LOOKS_APART * every:
        since, at = None, None

    if forecast.outlook is Outlook.FULL:
        return Alarm(Word.FULL, "it is full", since or forecast.at, forecast.at)

    if forecast.outlook is not Outlook.SOON:
        return Alarm(Word.NOT_SOON, "it is not full within the time that counts", since, at)

    if held := _against(forecast):
        return replace(held, since=since, at=at)

    since, at = since or forecast.at, forecast.at
    # Two looks cost one step; where even that is too late, the first one counts.
    if forecast.likely is not None and forecast.likely < every:
        return Alarm(Word.NO_TIME, "it is full before it can be looked at again", since, at)

    said, needed = at - since, max(every, patience(forecast.soonest or timedelta()))
    if said < needed:
        words = f"looks have said so for {say_time(said)}" if said else "only this look says so"
        return Alarm(Word.NOT_YET, f"{words}; it takes {say_time(needed)}", since, at)

    return Alarm(Word.LASTS, f"looks have said so for {say_time(said)}", since, at)


def patience(soonest: timedelta) -> timedelta:
    """Say for how long looks must say that something may be full in `soonest`."""
    return min(PATIENCE * soonest, LONGEST)


def _against(forecast: Exhaustion) -> Alarm | None:
    if forecast.certainty < SURE:
        said = f"the probability is {forecast.certainty:.0%}, and {SURE:.0%} is needed"
        return Alarm(Word.UNSURE, said)

    for hours, risen in zip((6, 24), forecast.risen, strict=True):
        if risen is not None and risen <= 0:
            return Alarm(Word.NOT_RISING, f"it stands no higher than {hours} h before")

    free = 1 - forecast.level / forecast.capacity
    if free > HEADROOM and (forecast.likely is None or forecast.likely > NEAR):
        return Alarm(Word.HEADROOM, f"{free:.0%} of it are free")
    return None
