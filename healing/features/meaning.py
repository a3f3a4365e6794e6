"""The fixed meaning of an anomaly score, the same for every service."""

import numpy as np
from numpy.typing import NDArray

DECADES = (2.0, 3.0, 4.0)
SCORES = (0.5, 0.9, 0.99)
"""One in 100, one in 1,000, one in 10,000."""


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
