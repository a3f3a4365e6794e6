"""The fixed meaning of an anomaly score, and when it is worth a word."""

import numpy as np
from numpy.typing import NDArray

DECADES = (2.0, 3.0, 4.0)
SCORES = (0.5, 0.9, 0.99)
"""One in 100, one in 1,000, one in 10,000."""
HITS = 3
WITHIN = 5


def score_of(surprise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn surprise into a score from 0 to 1 that means the same for every service.

    Example:
        >>> score_of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan])).round(3).tolist()
        [0.1, 0.5, 0.9, 0.99, 0.999, nan]
    """
    known = np.log(np.array(SCORES)) - np.log1p(-np.array(SCORES))
    logit = np.interp(surprise, DECADES, known)
    logit += (known[1] - known[0]) * np.minimum(surprise - DECADES[0], 0.0)
    logit += (known[2] - known[1]) * np.maximum(surprise - DECADES[-1], 0.0)
    return 1 / (1 + np.exp(-logit))


def surprise_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores back into surprise, minus the decimal logarithm of how rare they are.

    Example:
        >>> surprise_of(np.array([0.1, 0.5, 0.9, 0.99, 0.999, np.nan])).round(1).tolist()
        [1.0, 2.0, 3.0, 4.0, 5.0, nan]
    """
    known = np.log(np.array(SCORES)) - np.log1p(-np.array(SCORES))
    with np.errstate(divide="ignore"):
        logit = np.log(scores) - np.log1p(-scores)
    surprise = DECADES[1] + (logit - known[1]) / (known[2] - known[1])
    lower = logit < known[1]
    surprise[lower] = DECADES[0] + (logit[lower] - known[0]) / (known[1] - known[0])
    return surprise


def lasting_rarity(scores: NDArray[np.float64], *, hits: int = HITS, within: int = WITHIN) -> float:
    """Say how rare it is that the newest rows are as strange as they are, for as long.

    However the rows hang together, `hits` of `within` rows are all rarer than p with a probability
    of at most `within / hits` times p.

    Args:
        scores: From 0 to 1, NaN where unknown. Shape (n,).
        hits: How many must be strange.
        within: Of how many of the newest that have a score.

    Returns:
        Minus the decimal logarithm of that probability, 0 or more; 0 with too few scores.
    """
    newest = scores[np.isfinite(scores)][-within:]
    if len(newest) < hits:
        return 0.0
    weakest = np.sort(surprise_of(newest))[-hits]
    return max(float(weakest) - float(np.log10(within / hits)), 0.0)


def lasting(
    scores: NDArray[np.float64], *, at_least: float, hits: int = HITS, within: int = WITHIN
) -> NDArray[np.bool_]:
    """Say at which rows strangeness has lasted: `hits` of the last `within` rows that have a score.

    A missed row neither helps nor hurts, and is itself never said to be strange.

    Args:
        scores: From 0 to 1, NaN where unknown. Shape (n,).
        at_least: Score from which a row counts as strange.
        hits: How many must be strange.
        within: Of how many.

    Returns:
        Shape (n,).
    """
    known = np.flatnonzero(np.isfinite(scores))
    strange = (scores[known] >= at_least).astype(np.int64)
    count = np.cumsum(strange)
    count[within:] -= count[:-within].copy()
    lasts = np.zeros(len(scores), np.bool_)
    lasts[known] = (count >= hits) & (strange == 1)
    return lasts
