"""Which signals make a row strange, in words."""

from dataclasses import dataclass

import numpy as np

from healing.anomaly.model import Model
from healing.anomaly.scoring import Scores
from healing.features import LASTS, Way
from healing.history import History, say
from healing.names import SignalName

USUAL = 3.0
"""Straying by so many times the usual is usual."""

_SHIFTED = "has stood at another level for {hours} h (level shift): {value}, usually {usual}"
_SETTLED = "has settled at another level (level shift): {usual} is usual now, and {learned} was"
_HOW = {
    Way.LEVEL: "is {value}, usually {usual}",
    Way.LASTING: "has stayed around {value} for a while, usually {usual}",
    Way.MOVED: "is {value} and has moved away from where it stood in the last hours",
    Way.STEP: "jumped to {value}",
    Way.UNFORESEEN: "is {value}, which the rows just before did not let expect",
    Way.RESTLESS: "is {value} and for a while has been less steady, or steadier, than usual",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one signal has to do with it."""

    signal: SignalName
    share: float
    """Its part in the strangeness of the row, 0 to 1."""
    way: Way
    """The way of straying that stands out most."""
    value: float
    low: float
    """From here..."""
    high: float
    """...to here is usual at this time of day; where it has settled elsewhere, there."""
    hours: int = 0
    """Of the last 24, in which it stood away, to one side, from what was learned to be usual."""
    moved: float = 0.0
    """By how much what is usual has moved, as it has settled elsewhere; 0 where it has not."""

    @property
    def level_shift(self) -> bool:
        """Whether it has moved to another level for hours: to stay, or so it seems."""
        return self.moved != 0 or (
            self.hours >= LASTS and self.way in {Way.LEVEL, Way.LASTING} and not self._is_usual
        )

    @property
    def _is_usual(self) -> bool:
        return self.low <= self.value <= self.high

    def sentence(self, unit: str = "") -> str:
        """Say it to a person, in the unit of the signal."""
        value, usual = say(self.value, unit), _range(self.low, self.high, unit)
        if self.moved and self._is_usual:
            learned = _range(self.low - self.moved, self.high - self.moved, unit)
            return f"{self.signal} {_SETTLED.format(usual=usual, learned=learned)}"
        if usual == value:
            # What strays by less than is written has strayed all the same.
            usual = "a little less" if self.value > self.high else "a little more"
        how = _SHIFTED if self.level_shift and not self.moved else _HOW[self.way]
        return f"{self.signal} {how.format(value=value, usual=usual, hours=self.hours)}"


def _range(low: float, high: float, unit: str) -> str:
    least, most = say(low, unit), say(high, unit)
    return least if least == most else f"{least} to {most}"


def reasons(model: Model, history: History, scores: Scores, *, most: int = 3) -> tuple[Reason, ...]:
    """Say what made the newest row strange, the strongest reason first.

    After those, with a share of 0, what has settled elsewhere and is an alarm no more. Empty when
    there is neither, also when the row could not be judged.

    Args:
        model: That gave the scores.
        history: That was scored.
        scores: Of that history.
        most: No more reasons than that.
    """
    if not len(scores.shares) or np.isnan(scores.values[-1]):
        return ()
    row = history.tail(1).choose(model.signals)
    strayed = np.nan_to_num(np.abs(scores.strayed))
    spread, centre = model.measure.usual.spread, scores.usual[-1]
    shares = scores.shares[-1]
    order: list[int] = np.lexsort((scores.moved == 0, -shares))[:most].tolist()
    return tuple(
        Reason(
            signal=model.signals[k],
            share=float(shares[k]),
            way=tuple(Way)[int(np.argmax(strayed[k]))],
            value=float(row.values[-1, k]),
            low=float(centre[k] - USUAL * spread[k]),
            high=float(centre[k] + USUAL * spread[k]),
            hours=int(scores.hours[k]),
            moved=float(scores.moved[k]),
        )
        for k in order
        if shares[k] > 0 or scores.moved[k] != 0
    )
