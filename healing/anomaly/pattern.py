"""How signals usually move together, and how far a row departs from that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_SIGNALS = 3
BELIEVED = 10.0
"""Straying farther counts as this much: one signal alone is no pattern."""
FLOOR = 0.01
"""Directions that vary by less than this, of the one that varies most, count as varying so much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """Where rows usually lie: a centre, and a covariance without directions that never vary.

    Attributes:
        centre: Shape (k,).
        whiten: Turns what lies off the centre into directions that each vary by one. Shape (k, k).
    """

    centre: NDArray[np.float64]
    whiten: NDArray[np.float64]

    def departure(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say how far rows depart from the pattern, on a logarithmic scale.

        It is the Mahalanobis distance; 0 where there are too few signals to make a pattern. Shape
        (n, k) in, (n,) out; a signal that was not measured passes as usual.
        """
        return np.log1p((((_believed(level) - self.centre) @ self.whiten) ** 2).sum(axis=1))


def learn_pattern(level: NDArray[np.float64]) -> Pattern:
    """Learn it from how far each signal strays from what is usual. Shape (n, k)."""
    seen = _believed(level)
    rows, signals = seen.shape
    centre = seen.mean(axis=0)
    if signals < FEWEST_SIGNALS:
        return Pattern(centre=centre, whiten=np.zeros((signals, signals)))
    spread = seen.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    ordinary = (seen - centre) / scale
    varies, directions = np.linalg.eigh(ordinary.T @ ordinary / rows)
    floored = np.maximum(varies, FLOOR * max(float(varies.max()), FLOOR))
    return Pattern(centre=centre, whiten=directions / scale[:, None] / np.sqrt(floored))


def _believed(level: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num(level), -BELIEVED, BELIEVED)
