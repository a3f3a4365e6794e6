"""How strange it has been of late: trouble rarely ends with its first sign.

What is strange now counts, and so does, fading, what was stranger before: their root mean square.
Once surprise is past all doubt, more of it says no more, or one row would outrank all that follow
it. It never says more than the strangest row did.
"""

import numpy as np
from numpy.typing import NDArray

from healing.features import score_of, surprise_of

HALF_LIFE = 200
"""Rows in which what was fades to half of its surprise."""
BEFORE = 0.4
"""Share of what was in the mean square."""
PAST_DOUBT = 4.5
"""Decades: one row in 30,000; what is rarer counts as that."""


def of_late(
    scores: NDArray[np.float64], *, doubts: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """Say how strange it has been of late, at each row.

    Args:
        scores: Of rows that follow each other, from 0 to 1; NaN where unknown. Shape (n,).
        doubts: What the surprise of a row is divided by, where some were judged by a model that
            knew less than others: 1 is none. Shape (n,).

    Returns:
        Scores on the same scale, from each row and those before it. Shape (n,); NaN stays NaN, and
        what was fades all the same meanwhile.

    Example:
        >>> of_late(np.array([0.1, 0.99, 0.1, np.nan, 0.1])).round(2).tolist()
        [0.1, 0.99, 0.8, nan, 0.8]
    """
    surprise = np.minimum(surprise_of(scores) / doubts, PAST_DOUBT)
    # In a scale that grows as fast as surprise fades, fading is the largest so far.
    rows = np.arange(len(scores))
    fading = np.log(np.maximum(np.nan_to_num(surprise), np.finfo(np.float64).tiny))
    fading = np.maximum.accumulate(fading + rows * np.log(2) / HALF_LIFE)
    faded = np.exp(fading - rows * np.log(2) / HALF_LIFE)
    before = np.maximum(faded, surprise)
    return score_of(np.sqrt((1 - BEFORE) * surprise**2 + BEFORE * before**2))
