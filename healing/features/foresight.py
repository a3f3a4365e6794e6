"""What the rows just before let expect of each signal, by a straight rule learned from history."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.features.causal import carry, mean_of_last, rows_before

LAGS = 8
LONGER = 60
"""Rows whose mean is asked too, so that a rule over few rows does not drift."""
CARRIED = 3
"""Rows that a value stands for when those after it were not measured."""
BEYOND_IT = 20.0
"""Usual deviations: no row counts for more, neither for the rule nor for the mean it asks."""
RIDGE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foresight:
    """A rule for each of k signals.

    Attributes:
        weights: Of a constant, the `LAGS` rows before, and the mean of the `LONGER` rows before.
            Shape (LAGS + 2, k).
    """

    weights: NDArray[np.float64]

    def missed_by(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say by how much each row differs from what was to be expected.

        Shape (n, k) in and out; NaN where a row, or the rows just before it, were not measured.
        """
        missed = level - self.weights[0]
        for weight, known in zip(self.weights[1:], _past(level), strict=True):
            missed -= weight * known
        return missed


def learn_foresight(level: NDArray[np.float64]) -> Foresight:
    """Learn, by ridge regression, what rows let expect of the next one.

    Args:
        level: In units of what is usual; NaN where nothing was measured. Shape (n, k).
    """
    seen = np.clip(level, -BEYOND_IT, BEYOND_IT)
    past = np.stack([np.ones(seen.shape), *_past(seen)])
    known = np.isfinite(seen) & np.isfinite(past).all(axis=0)
    # Signals first, so that one product per signal gives the whole of its normal equations.
    design = np.where(known, past, 0.0).transpose(2, 0, 1)
    target = np.where(known, seen, 0.0).T[:, :, None]
    squares = design @ design.transpose(0, 2, 1) + RIDGE * np.eye(LAGS + 2)
    weights = np.linalg.solve(squares, design @ target)[:, :, 0].T.astype(np.float64)
    return Foresight(weights=weights)


def _past(level: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    known = carry(level, CARRIED)
    within = np.clip(level, -BEYOND_IT, BEYOND_IT)
    longer = rows_before(mean_of_last(within, LONGER), 1)
    return [*(rows_before(known, lag) for lag in range(1, LAGS + 1)), longer]
