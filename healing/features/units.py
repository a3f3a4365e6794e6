"""Straying in units of what is usual, so that signals can be compared."""

import numpy as np
from numpy.typing import NDArray

LIMIT = 1000.0
NEVER_MOVED = 10.0
"""What any change counts of a signal that never changed."""


def in_units(strayed: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide by what is usual, within `LIMIT`. Shape (n, k) and (k,) in, (n, k) out."""
    moves = usual > 0
    units = strayed / np.where(moves, usual, 1.0)
    return np.clip(np.where(moves, units, NEVER_MOVED * np.sign(strayed)), -LIMIT, LIMIT)
