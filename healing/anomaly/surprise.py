"""How rare a score is: minus the decimal logarithm of its p-value, learned on scores set aside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KNOTS = 512
TAIL = 0.02
FEWEST_IN_TAIL = 10
FINEST = 0.1
"""Of a grain: scores closer than that are one score, or rounding would tell rare from common."""
REACH = 3.0
"""Decades beyond what was seen that the tail may be trusted for."""
BULK, ORDINARY = 0.8, 0.95
"""Shares of scores: from the first on the tail of the bulk is learned, from the second on it may be
trouble, of which only the number is believed."""
UTMOST = 8.0
"""Decades: no score is said to be farther than that beyond the bulk."""
A_WEEK = 7 * 86_400
MOST_DOUBT = 1.5
"""However little is known, tails are taken to be no wider than that."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surprise:
    """The rarity of scores.

    Attributes:
        scores: Ascending. Shape (m,).
        surprises: Of those scores, ascending. Shape (m,).
        slope: Surprise per unit of score beyond the last of `scores`.
        most: No surprise is larger.
    """

    scores: NDArray[np.float64]
    surprises: NDArray[np.float64]
    slope: float
    most: float

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say how rare scores are: 0 is common, 3 is one in a thousand. NaN stays NaN."""
        within = np.interp(scores, self.scores, self.surprises)
        beyond = np.maximum(scores - self.scores[-1], 0.0) * self.slope
        return np.minimum(within + beyond, self.most)

    def reached_at(self, surprise: float) -> float:
        """Give the score from which on it is so rare; infinity where none is."""
        if surprise > self.most:
            return float("inf")
        within = float(np.interp(surprise, self.surprises, self.scores))
        return within + max(surprise - float(self.surprises[-1]), 0.0) / self.slope


def doubt(known: int) -> float:
    """Say how many times wider a tail is to be expected where less than a week is known.

    It grows with the root of what is missing, as the error of counting does.

    Args:
        known: Seconds that were measured; above 0.

    Example:
        >>> [round(doubt(days * 86_400), 2) for days in (1, 3.5, 5, 7, 20)]
        [1.5, 1.41, 1.18, 1.0, 1.0]
    """
    return min(max(1.0, (A_WEEK / known) ** 0.5), MOST_DOUBT)


def learn_surprise(scores: NDArray[np.float64], *, grain: float, widened: float = 1.0) -> Surprise:
    """Learn how rare scores are from those of ordinary times.

    Counted where there are enough of them; an exponential tail beyond.

    Args:
        scores: From rows the detector was not fitted on. Shape (m,), no NaN.
        grain: A difference in score that means nothing; the tail is never taken to be narrower.
        widened: How many times wider than it was the tail is expected to be from now on.
    """
    ordered = np.sort(scores)
    count = len(ordered)
    in_tail = min(count, max(FEWEST_IN_TAIL, round(TAIL * count)))
    begins = float(ordered[-in_tail])
    width = max(float(np.mean(ordered[-in_tail:])) - begins, grain)
    most = float(np.log10(1 + count) + REACH)
    return _surprise(ordered, begins, grain=grain, width=widened * width, most=most)


def learn_bulk(scores: NDArray[np.float64], *, grain: float) -> Surprise:
    """Learn how rare scores would be if there had been no trouble while they were taken.

    The exponential tail is learned from the scores between `BULK` and `ORDINARY`; those above count
    as no lower than that, however far out they lie (a tail censored on the right). Of trouble in
    one score of a hundred it notices next to nothing; with one of twenty-five the tail is taken to
    be too wide by two thirds.

    Args:
        scores: Shape (m,), no NaN.
        grain: A difference in score that means nothing; the tail is never taken to be narrower.
    """
    ordered = np.sort(scores)
    begins, ends = (float(ordered[int(share * len(ordered))]) for share in (BULK, ORDINARY))
    beyond = ordered[ordered > begins]
    seen = np.count_nonzero(beyond <= ends)
    width = float((np.minimum(beyond, ends) - begins).sum()) / max(seen, 1)
    return _surprise(ordered, begins, grain=grain, width=max(width, grain), most=UTMOST)


def _surprise(
    ordered: NDArray[np.float64], begins: float, *, grain: float, width: float, most: float
) -> Surprise:
    """Count how rare scores are up to where the tail begins, and let it go on from there."""
    count = len(ordered)
    knots = np.interp(np.linspace(0, count - 1, KNOTS), np.arange(count), ordered)
    counted = np.unique(np.append(knots, begins))
    counted = _apart(counted[counted <= begins], by=FINEST * grain)
    at_least = count - np.searchsorted(ordered, counted)
    return Surprise(
        scores=counted,
        surprises=-np.log10((1 + at_least) / (1 + count)),
        slope=1 / (width * np.log(10)),
        most=most,
    )


def _apart(rising: NDArray[np.float64], *, by: float) -> NDArray[np.float64]:
    """Keep the first, and each that lies far enough above the last that was kept."""
    kept = list[float]()
    for one in rising.tolist():
        if not kept or one - kept[-1] >= by:
            kept.append(one)
    return np.array(kept)
