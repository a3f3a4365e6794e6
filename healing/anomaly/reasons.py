"""Which signals make a row strange, in words."""

from dataclasses import dataclass

import numpy as np

from healing.anomaly.model import Model
from healing.anomaly.scoring import Scores
from healing.features import Way
from healing.history import History, say
from healing.names import SignalName

USUAL = 3.0
"""Straying by so many times the usual is usual."""

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
    """...to here is usual at this time of day."""

    def sentence(self, unit: str = "") -> str:
        """Say it to a person, in the unit of the signal."""
        low, high = say(self.low, unit), say(self.high, unit)
        value = say(self.value, unit)
        usual = low if low == high else f"{low} to {high}"
        if usual == value:
            # What strays by less than is written has strayed all the same.
            usual = "a little less" if self.value > self.high else "a little more"
        how = _HOW[self.way].format(value=value, usual=usual)
        return f"{self.signal} {how}"


def reasons(model: Model, history: History, scores: Scores, *, most: int = 3) -> tuple[Reason, ...]:
    """Say what made the newest row strange, the strongest reason first.

    Empty when no signal stands out, also when the row could not be judged.

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
    usual = model.measure.usual
    centre = usual.at(row.times[-1:])[0]
    shares = scores.shares[-1]
    order: list[int] = np.argsort(-shares, kind="stable")[:most].tolist()
    return tuple(
        Reason(
            signal=model.signals[k],
            share=float(shares[k]),
            way=tuple(Way)[int(np.argmax(strayed[k]))],
            value=float(row.values[-1, k]),
            low=float(centre[k] - USUAL * usual.spread[k]),
            high=float(centre[k] + USUAL * usual.spread[k]),
        )
        for k in order
        if shares[k] > 0
    )
