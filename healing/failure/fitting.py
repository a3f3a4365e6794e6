"""Logistic regression whose weights are never negative."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ROUNDS = 60
RIDGE = 1.0
"""How hard weights are held: as one row that speaks against each unit of a weight's square."""
CLOSE = 1e-8


def fit_monotone(
    rows: NDArray[np.float64],
    yes: NDArray[np.bool_],
    *,
    around: NDArray[np.float64] | None = None,
) -> tuple[float, NDArray[np.float64]]:
    """Fit the log-odds of `yes` as an intercept plus weighted columns, no weight below zero.

    Projected Newton steps on the penalised log-likelihood, which is concave.

    Args:
        rows: Shape (n, k), no NaN.
        yes: Shape (n,).
        around: What weights are drawn to; zero unless given. Shape (k,).

    Returns:
        The intercept, and the weights of shape (k,).

    Source:
        Bertsekas (1982), Projected Newton methods for problems with simple constraints.
    """
    count, width = rows.shape
    target = np.zeros(width) if around is None else around
    design = np.column_stack([np.ones(count), rows])
    held = np.append(0.0, np.full(width, RIDGE))
    wanted = np.append(0.0, target)
    share = (yes.sum() + 0.5) / (count + 1)
    found = np.append(np.log(share / (1 - share)), target)

    def loss(at: NDArray[np.float64]) -> float:
        said = design @ at
        misfit = np.logaddexp(0, said).sum() - said[yes].sum()
        return float(misfit + 0.5 * (held * (at - wanted) ** 2).sum())

    best = loss(found)
    for _ in range(ROUNDS):
        probability = 1 / (1 + np.exp(-np.clip(design @ found, -50, 50)))
        slope = design.T @ (probability - yes) + held * (found - wanted)
        free = np.append(True, (found[1:] > 0) | (slope[1:] < 0))
        curve = (design * (probability * (1 - probability))[:, None]).T @ design
        curve += np.diag(held) + CLOSE * np.eye(width + 1)
        step = np.zeros(width + 1)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        found, before = _downhill(loss, found, step, best), best
        best = loss(found)
        if before - best < CLOSE * max(1.0, abs(before)):
            break
    return float(found[0]), found[1:]


def _downhill(
    loss: Callable[[NDArray[np.float64]], float],
    found: NDArray[np.float64],
    step: NDArray[np.float64],
    best: float,
) -> NDArray[np.float64]:
    """Go along the step as far as it leads down; stay when it does not."""
    for halved in range(20):
        tried = found - step * 0.5**halved
        tried[1:] = np.maximum(tried[1:], 0.0)
        if loss(tried) < best:
            return tried
    return found
