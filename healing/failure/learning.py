"""Learn how services fail from what became of them; healed in time is neither yes nor no."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.failure.fitting import fit_monotone
from healing.failure.hazard import Hazard, cold, filled, logit
from healing.failure.signs import UNTIL, strength

FEWEST = 3
"""Failures in a stretch below which nothing is learnt of it."""
FOLDS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What became of services after their signs were seen, n times.

    Attributes:
        fails_after: Seconds until the next failure; infinite when none was seen. Shape (n,).
        watched_for: Seconds for which it was seen what becomes of it: until the end of the data, or
            until somebody intervened. A failure after that does not count. Shape (n,).
        episode: Number of the failure that comes next, or any other number that rows which tell of
            the same course of events share. Shape (n,).
    """

    fails_after: NDArray[np.float64]
    watched_for: NDArray[np.float64]
    episode: NDArray[np.int64]

    def in_stretches(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Say for each stretch whether it failed in it, and whether that is known.

        Known is a stretch that it entered, and in which it failed or which it survived before
        anybody's eyes. Shape (n, h) each.
        """
        begin = np.concatenate([[0.0], UNTIL[:-1]])
        after, watched = self.fails_after[:, None], self.watched_for[:, None]
        seen_to_fail = after <= watched
        failed = seen_to_fail & (after > begin) & (after <= UNTIL)
        survived = (watched >= UNTIL) & ~(seen_to_fail & (after <= UNTIL))
        return failed, failed | survived


def learn(rows: NDArray[np.float64], outcomes: Outcomes) -> Hazard:
    """Learn the weights of signs.

    Each stretch is fitted by itself, and then recalibrated on rows it was not fitted on: its
    log-odds are stretched and moved so that they come true as often as they say (Platt).

    Args:
        rows: Of signs, shape (n, h, k), NaN where unknown.
        outcomes: Of those rows.
    """
    strong = strength(rows)
    failed, known = outcomes.in_stretches()
    hazard = cold()
    count = len(np.unique(outcomes.episode[failed.any(axis=1)]))
    if count < FEWEST:
        return hazard
    intercept, weights = hazard.intercept.copy(), hazard.weights.copy()
    usual = hazard.usual.copy()
    for stretch in range(len(UNTIL)):
        at = known[:, stretch]
        seen = strong[at, stretch]
        fails = failed[at, stretch]
        if not at.any():
            continue
        measured = np.isfinite(seen)
        usual[stretch] = np.where(
            measured.any(axis=0),
            np.where(measured, seen, 0.0).sum(axis=0) / np.maximum(measured.sum(axis=0), 1),
            usual[stretch],
        )
        if len(np.unique(outcomes.episode[at][fails])) < FEWEST:
            intercept[stretch] = logit(np.array((fails.sum() + 0.5) / (len(fails) + 1)))
            continue
        filled_in = filled(seen, usual[stretch])
        intercept[stretch], weights[stretch] = _calibrated(filled_in, fails, outcomes.episode[at])
    return Hazard(intercept=intercept, weights=weights, usual=usual, failures=count)


def _calibrated(
    strong: NDArray[np.float64], fails: NDArray[np.bool_], episode: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    fold = episode % FOLDS
    unseen = np.zeros(len(fails))
    for out in range(FOLDS):
        rest = fold != out
        intercept, weights = fit_monotone(strong[rest], fails[rest])
        unseen[~rest] = intercept + strong[~rest] @ weights
    moved, (stretched,) = fit_monotone(unseen[:, None], fails, around=np.ones(1))
    intercept, weights = fit_monotone(strong, fails)
    return moved + stretched * intercept, stretched * weights
