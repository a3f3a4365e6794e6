"""Whether a forecast of exhaustion deserves an alarm: sure, said twice, and on the way up."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from healing.forecast import Exhaustion, Outlook

SURE = 0.8
"""Probability of being full within the time that counts, from which it is believed."""
HEADROOM = 0.75
"""Share of the capacity that is still free, above which growth is not looked at yet."""
NEAR = timedelta(hours=1)
"""What is full sooner than this has no headroom, however much is free."""
LOOKS_APART = 5
"""Looks further apart than so many steps are not consecutive."""
LOOKS_LEFT = 2
"""With less than so many looks left before it may be full, there is no time to look again."""


class Word(StrEnum):
    """The one reason that decides."""

    FULL = "full"
    SAID_TWICE = "said_twice"
    NO_TIME = "no_time"
    """It may be full before it could be said twice."""
    NOT_SOON = "not_soon"
    UNSURE = "unsure"
    NOT_RISING = "not_rising"
    HEADROOM = "headroom"
    SAID_ONCE = "said_once"


ALARMS = frozenset({Word.FULL, Word.SAID_TWICE, Word.NO_TIME})


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whether it is an alarm, and why."""

    word: Word
    reason: str
    """One sentence for a person."""

    @property
    def is_raised(self) -> bool:
        """Whether it is one."""
        return self.word in ALARMS


def alarm_of(forecast: Exhaustion, before: Exhaustion | None, *, every: timedelta) -> Alarm:
    """Decide whether a forecast is an alarm. The first rule that applies wins.

    Args:
        forecast: Of this look.
        before: Of the same signal at the look before; None when there was none.
        every: From one look to the next.
    """
    if forecast.outlook is Outlook.FULL:
        return Alarm(Word.FULL, "it is full")

    if forecast.outlook is not Outlook.SOON:
        return Alarm(Word.NOT_SOON, "it is not full within the time that counts")

    if held := _against(forecast):
        return held

    # Two looks cost one step; where even that may be too late, the first one counts.
    if forecast.soonest is not None and forecast.soonest < LOOKS_LEFT * every:
        return Alarm(Word.NO_TIME, "it may be full before it can be looked at again")

    if before is None or not before.exhausts or forecast.at - before.at > LOOKS_APART * every:
        return Alarm(Word.SAID_ONCE, "only this look says so; the next one decides")
    if before.outlook is Outlook.SOON and _against(before):
        return Alarm(Word.SAID_ONCE, "the look before was not sure of it; the next one decides")

    return Alarm(Word.SAID_TWICE, "two looks in a row say so")


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
