"""The signs that lie in how strange a service was: lately, for an hour, for a day."""

import numpy as np
from numpy.typing import NDArray

from healing.failure.signs import Sign
from healing.features import mean_of_last, surprise_of

LATELY = 5
"""Rows."""
HOUR, DAY = 3600, 86_400
RARE = 2.0
"""One row in 100."""
MOST = 9.0
"""Nothing is taken to be rarer than one in a thousand million."""


def rarity(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn anomaly scores back into -log10 p, from 0 to `MOST`.

    Shape (n,) in, (n,) out; NaN stays NaN.

    Example:
        >>> rarity(np.array([0.0, 0.5, 0.9, 0.99, np.nan])).round(2).tolist()
        [0.0, 2.0, 3.0, 4.0, nan]
    """
    return np.clip(surprise_of(scores), 0.0, MOST)


def signs_of_strangeness(scores: NDArray[np.float64], step: int) -> dict[Sign, NDArray[np.float64]]:
    """Read the signs at each row from the scores of that row and those before it.

    Args:
        scores: Of the service, 0 to 1, NaN where unknown. Shape (n,).
        step: Seconds between rows.

    Returns:
        Shape (n,) each, NaN where nothing was known.
    """
    decades = rarity(scores)
    hits = np.where(np.isfinite(decades), decades >= RARE, np.nan)
    usual = 10.0**-RARE
    return {
        Sign.STRANGEST: _largest_of_last(decades, LATELY),
        Sign.STRANGENESS: _mean(decades, max(1, HOUR // step)),
        Sign.DRIFT: _mean(hits, max(1, DAY // step)) / usual,
    }


def _mean(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    return mean_of_last(values[:, None], rows)[:, 0]


def _largest_of_last(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    padded = np.concatenate([np.full(rows - 1, np.nan), values])
    seen = np.lib.stride_tricks.sliding_window_view(padded, rows)
    largest = np.where(np.isfinite(seen), seen, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, np.nan)
