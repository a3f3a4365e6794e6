"""Score history as if each row had just come: what was not known then is not used."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from healing import anomaly
from healing.errors import NotEnoughHistoryError
from healing.history import History
from healing.policy.guards import worth_telling
from healing.services import Signal

GROWTH = 1.1
"""It is learnt anew whenever so many times more is known than at the last time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replayed:
    """What would have been said of each row.

    Attributes:
        scores: How strange it is, from 0 to 1; NaN where it could not be judged. Shape (n,).
        beside_recent: How strange it is beside the rows of late, on the same scale: alarms go by
            it. Shape (n,).
        of_late: How strange it has been of late, on the same scale. Shape (n,).
        worth: Where a signal that speaks for the row strays far enough, and in the direction that
            counts. Shape (n,).
    """

    scores: NDArray[np.float64]
    beside_recent: NDArray[np.float64]
    worth: NDArray[np.bool_]
    of_late: NDArray[np.float64]

    def rows(self, first: int, after: int) -> "Replayed":
        """Take the rows from `first` to before `after`."""
        return Replayed(
            scores=self.scores[first:after],
            beside_recent=self.beside_recent[first:after],
            worth=self.worth[first:after],
            of_late=self.of_late[first:after],
        )


def replay_after(
    history: History, trained: int, *, signals: Sequence[Signal] = (), seed: int = 0
) -> Replayed:
    """Learn from the first `trained` rows, and judge those after them. Shape (n - trained,).

    Args:
        history: All that was measured.
        trained: How many rows to learn from.
        signals: What is configured of them; of one that is missing here its name tells.
        seed: Of the model.

    Raises:
        NotEnoughHistoryError: Too little was measured in the rows to learn from.
    """
    model = anomaly.fit(history.rows(0, trained), seed=seed)
    scores, beside_recent, worth = _judged(model, history, trained, signals)
    return Replayed(
        scores=scores.values,
        beside_recent=beside_recent,
        worth=worth,
        of_late=anomaly.of_late(scores.ranks),
    )


def replay_whole(history: History, *, signals: Sequence[Signal] = (), seed: int = 0) -> Replayed:
    """Judge every row by a model of the rows before it. Shape (n,).

    It is learnt anew at fixed numbers of rows from the first measured one (`refits`), so the score
    of a row depends neither on later rows nor on how many there are. NaN where nothing was
    measured, and until enough was known to learn at all. Of late, the surprise of a model that
    knew less than a week counts up to a third less, for it finds many things rare.

    Args:
        history: All that was measured.
        signals: What is configured of them; of one that is missing here its name tells.
        seed: Of the models.
    """
    values, ranks, beside_recent = np.full((3, len(history)), np.nan)
    worth, doubts = np.zeros(len(history), np.bool_), np.ones(len(history))
    measured = np.flatnonzero(np.isfinite(history.values).any(axis=1))
    # What was not there yet says nothing of what is usual.
    begins = int(measured[0]) if measured.size else len(history)
    known = history.rows(begins, len(history))
    model = None
    for first, after in pairwise([*refits(history.step, len(known)), len(known)]):
        with suppress(NotEnoughHistoryError):  # what was learnt before, if anything, has to do
            model = anomaly.fit(known.rows(0, first), seed=seed)
        if model is not None:
            rows = slice(begins + first, begins + after)
            scores, beside_recent[rows], worth[rows] = _judged(
                model, known.rows(0, after), first, signals
            )
            values[rows], ranks[rows] = scores.values, scores.ranks
            doubts[rows] = anomaly.doubt(first * history.step)
    return Replayed(
        scores=values,
        beside_recent=beside_recent,
        worth=worth,
        of_late=anomaly.of_late(ranks, doubts=doubts),
    )


def scores_after(history: History, trained: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Say how strange it has been of late after the first `trained` rows. Shape (n - trained,).

    Raises:
        NotEnoughHistoryError: Too little was measured in the rows to learn from.
    """
    return replay_after(history, trained, seed=seed).of_late


def causal_scores(history: History, *, seed: int = 0) -> NDArray[np.float64]:
    """Say how strange it has been of late, each row by those before it. Shape (n,)."""
    return replay_whole(history, seed=seed).of_late


def _judged(
    model: anomaly.Model, history: History, first: int, signals: Sequence[Signal]
) -> tuple[anomaly.Scores, NDArray[np.float64], NDArray[np.bool_]]:
    """Score the rows from `first` on, also beside those of late; say which are worth an alarm."""
    scores = anomaly.score(model, history, newest=len(history) - first)
    configured = {signal.name: signal for signal in signals}
    judged = [configured.get(name) or Signal(name=name, query="") for name in model.signals]
    beside_recent, _ = anomaly.beside_recent(model, scores.together, anomaly.recent_of(model))
    return scores, beside_recent, worth_telling(judged, scores)


def refits(step: int, rows: int) -> Iterator[int]:
    """Say after how many rows it is learnt, below `rows`.

    Example:
        >>> list(refits(60, 200))
        [120, 132, 146, 161, 178, 196]
    """
    at = anomaly.rows_to_learn(step)
    while at < rows:
        yield at
        at = ceil(at * GROWTH)
