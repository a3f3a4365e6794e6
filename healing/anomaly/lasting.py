"""When strangeness is worth a word: once it has lasted."""

import numpy as np
from numpy.typing import NDArray

from healing.features import surprise_of

HITS = 3
WITHIN = 5


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
