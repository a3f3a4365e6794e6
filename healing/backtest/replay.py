"""Score history as if each row had just come: what was not known then is not used."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from healing import anomaly
from healing.errors import NotEnoughHistoryError
from healing.history import History

GROWTH = 1.25
"""It is learnt anew whenever so many times more is known than at the last time."""


def scores_after(history: History, trained: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Learn from the first `trained` rows, and score those after them. Shape (n - trained,).

    Raises:
        NotEnoughHistoryError: Too little was measured in the rows to learn from.
    """
    model = anomaly.fit(history.rows(0, trained), seed=seed)
    if trained == len(history):
        return np.empty(0)
    return anomaly.score(model, history, newest=len(history) - trained).values


def causal_scores(history: History, *, seed: int = 0) -> NDArray[np.float64]:
    """Score every row by a model of the rows before it. Shape (n,).

    It is learnt anew at fixed numbers of rows from the first measured one (`refits`), so the score
    of a row depends neither on later rows nor on how many there are. NaN where nothing was
    measured, and until enough was known to learn at all.
    """
    scores = np.full(len(history), np.nan)
    measured = np.flatnonzero(np.isfinite(history.values).any(axis=1))
    if not measured.size:
        return scores
    if begins := int(measured[0]):  # what was not there yet says nothing of what is usual
        scores[begins:] = causal_scores(history.rows(begins, len(history)), seed=seed)
        return scores
    model = None
    cuts = [*refits(history.step, len(history)), len(history)]
    for first, after in pairwise(cuts):
        with suppress(NotEnoughHistoryError):  # what was learnt before, if anything, has to do
            model = anomaly.fit(history.rows(0, first), seed=seed)
        if model is not None:
            past = history.rows(0, after)
            scores[first:after] = anomaly.score(model, past, newest=after - first).values
    return scores


def refits(step: int, rows: int) -> Iterator[int]:
    """Say after how many rows it is learnt, below `rows`.

    Example:
        >>> list(refits(60, 400))
        [120, 150, 188, 235, 294, 368]
    """
    at = anomaly.rows_to_learn(step)
    while at < rows:
        yield at
        at = ceil(at * GROWTH)
