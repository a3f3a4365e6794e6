"""How likely one service fails, and the reasons, strongest first."""

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from healing.failure.hazard import Hazard, logit
from healing.failure.signs import HORIZONS, SIGNS, Sign, Signs

HOUR = HORIZONS.index(timedelta(hours=1))
"""The horizon that reasons, and the metric without a horizon, are about."""
WORTH_A_WORD = 0.1
"""Log-odds below which a sign is no reason."""

_SENTENCES = {
    Sign.STRANGEST: "it behaves as in one minute of {odds:,.0f}",
    Sign.STRANGENESS: "for an hour it has behaved, on average, as in one minute of {odds:,.0f}",
    Sign.BURN: "it uses up its error budget {value:.3g} times faster than allowed",
    Sign.EXHAUSTION: "something it needs is full within the hour, with probability {value:.0%}",
    Sign.LEAK: "it leaks",
    Sign.RESTARTS: "times it ended by itself within the last hour: {value:.0f}",
    Sign.LEVEL_SHIFT: "a signal has moved to another level within the last hour",
    Sign.UPSTREAM: "a service that it needs behaves as in one minute of {odds:,.0f}",
    Sign.DRIFT: "it was strange {value:.3g} times more often than expected in the last day",
    Sign.RECENT_FAILURES: "it failed lately",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one sign adds to the probability of a failure within the hour."""

    sign: Sign
    value: float
    """In the unit that the sign names."""
    log_odds: float
    """How much knowing it adds, against not knowing it."""

    def sentence(self) -> str:
        """Say it to a person."""
        # A rarity of 3 is one in 1,000; other signs leave `odds` unused, however large they are.
        return _SENTENCES[self.sign].format(value=self.value, odds=10 ** min(self.value, 9.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prognosis:
    """The probability that a service fails.

    Attributes:
        within: One for each of `HORIZONS`, 0 to 1, never falling.
        reasons: The three strongest at most; empty when nothing speaks for a failure.
        failures: How many failures were learnt from; 0 means that only the prior speaks.
    """

    within: tuple[float, ...]
    reasons: tuple[Reason, ...]
    failures: int

    @property
    def within_the_hour(self) -> float:
        """Probability of a failure within an hour."""
        return self.within[HOUR]

    @property
    def why(self) -> str:
        """The reasons as one line; says so when there is none."""
        return "; ".join(r.sentence() for r in self.reasons) or "nothing speaks for a failure"


def foresee(hazard: Hazard, signs: Signs, *, most: int = 3) -> Prognosis:
    """Say how likely a service fails, and why.

    Args:
        hazard: What was learnt, or `cold()`.
        signs: What is seen of the service now.
        most: No more reasons than that.
    """
    row = signs.row()
    # The row as it is, and once more without each sign: what a sign adds is what is then missing.
    rows = np.repeat(row[None], 1 + len(SIGNS), axis=0)
    for number in range(len(SIGNS)):
        rows[1 + number, :, number] = np.nan
    within = hazard.probability(rows)
    added = logit(within[0, HOUR]) - logit(within[1:, HOUR])
    order: list[int] = np.argsort(-added, kind="stable")[:most].tolist()
    reasons = tuple(
        Reason(sign=SIGNS[n], value=float(row[HOUR, n]), log_odds=float(added[n]))
        for n in order
        if added[n] >= WORTH_A_WORD and math.isfinite(row[HOUR, n])
    )
    return Prognosis(within=tuple(within[0].tolist()), reasons=reasons, failures=hazard.failures)
