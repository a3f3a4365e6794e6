"""A hazard for each stretch of the time ahead; what survives all of them does not fail.

The time ahead is cut at the horizons. For each stretch the hazard, the probability to fail in it
for who has survived those before, is a logistic function of the signs. So a longer horizon can
never be less likely, and a service that was healed halfway still tells about the stretches that it
went through.

Before enough failures were seen, causes speak for themselves: each, at its full strength, makes a
failure as likely as `PRIOR` says, independently of the others (noisy-OR). The more failures were
seen, the more weighs what was learnt from them.

Source:
    Singer & Willett (1993), It's About Time: discrete-time survival analysis.
    Pearl (1988), Probabilistic Reasoning in Intelligent Systems, on noisy-OR.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.failure.signs import HORIZONS, SIGNS, UNTIL, Sign, strength

ONCE_A_WEEK = 7 * 86_400.0
"""How often a service fails of which nothing is known, in seconds."""
ENOUGH = 20.0
"""So many failures weigh as much as the prior does."""
PRIOR: Mapping[Sign, tuple[float, float, float]] = {
    Sign.STRANGEST: (0.05, 0.05, 0.10),
    Sign.STRANGENESS: (0.08, 0.08, 0.15),
    Sign.BURN: (0.30, 0.25, 0.30),
    Sign.EXHAUSTION: (0.85, 0.85, 0.85),
    Sign.LEAK: (0.03, 0.08, 0.60),
    Sign.RESTARTS: (0.40, 0.30, 0.40),
    Sign.LEVEL_SHIFT: (0.03, 0.03, 0.05),
    Sign.UPSTREAM: (0.05, 0.05, 0.10),
    Sign.DRIFT: (0.01, 0.02, 0.05),
    Sign.RECENT_FAILURES: (0.15, 0.20, 0.40),
}
"""How likely a cause at full strength makes a failure, in each stretch, before data speak."""
UNKNOWN = 0.01
"""The strength that an unknown sign is taken to have before anything was learnt of it."""
SURE = 1e-6
"""No probability comes closer to 0 or 1 than this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hazard:
    """What was learnt of how services fail.

    Attributes:
        intercept: Log-odds to fail in a stretch without any sign. Shape (h,).
        weights: What each sign adds to it at full strength; never negative. Shape (h, k).
        usual: The strength each sign had on average while it was known: what an unknown one is
            taken to have. Shape (h, k).
        failures: How many failures were learnt from.
    """

    intercept: NDArray[np.float64]
    weights: NDArray[np.float64]
    usual: NDArray[np.float64]
    failures: int

    @property
    def trust(self) -> float:
        """How much what was learnt weighs against the prior, 0 to 1."""
        return self.failures / (self.failures + ENOUGH)

    def probability(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the probability of a failure within each horizon.

        It never falls when a sign grows, nor from one horizon to a longer one.

        Args:
            rows: Of signs, shape (n, h, k), NaN where unknown.

        Returns:
            Shape (n, h), from 0 to 1.
        """
        hazard = expit(self.log_odds(rows))
        fails = 1 - np.asarray(np.cumprod(1 - hazard, axis=1), np.float64)
        return np.clip(fails, SURE, 1 - SURE)

    def log_odds(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the log-odds to fail in each stretch. Shape (n, h, k) in, (n, h) out."""
        strong = filled(strength(rows), self.usual)
        learnt = self.intercept + np.einsum("nhk,hk->nh", strong, self.weights)
        return self.trust * learnt + (1 - self.trust) * _noisy_or(strong)


def cold() -> Hazard:
    """Give what is assumed before any failure was seen."""
    shape = (len(HORIZONS), len(SIGNS))
    return Hazard(
        intercept=logit(_base()),
        weights=np.zeros(shape),
        usual=np.full(shape, UNKNOWN),
        failures=0,
    )


def filled(strong: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the usual strength where a sign is unknown."""
    return np.where(np.isfinite(strong), strong, usual)


def expit(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn probabilities into log-odds."""
    sure = np.clip(probability, SURE, 1 - SURE)
    return np.log(sure) - np.log1p(-sure)


def _noisy_or(strong: NDArray[np.float64]) -> NDArray[np.float64]:
    causes = np.array([PRIOR[sign] for sign in SIGNS]).T
    none_of_them = np.prod(1 - causes * strong, axis=2)
    return logit(1 - (1 - _base()) * none_of_them)


def _base() -> NDArray[np.float64]:
    stretches = np.diff(UNTIL, prepend=0.0)
    return -np.expm1(-stretches / ONCE_A_WEEK)
