"""How strange a row is beside those of late: days to come are not quite like days seen.

What a model finds strange of all that comes is no longer strange: scores are taken from the level
that they had of late, as much as that has moved since the model was calibrated. Trouble does not
make itself common at once: what is strange now counts for the level only later.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.model import TOGETHER, Model
from healing.features import score_of

RECENT = 1500
"""Rows that the level is read from: a day at a step of a minute."""
SHARE = 0.9
"""The level is what so many of them stay below: of the ordinary ones, the strangest."""
STRANGE = 3.0
"""Decades: a row as rare as that counts for the level only once it is `LATER` rows old."""
LATER = 300


def level_of(together: NDArray[np.floating]) -> float:
    """Say how high scores stand, whatever the strangest of them are. Shape (n,), no NaN."""
    return float(np.quantile(together, SHARE))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The newest rows that were judged, `RECENT` of them at most, oldest first.

    Attributes:
        together: What the detectors said of each. Shape (n,).
        strange: Which were strange beside those before them. Shape (n,).
    """

    together: NDArray[np.float32]
    strange: NDArray[np.bool_]


def recent_of(model: Model) -> Recent:
    """Give what is known before anything came: ordinary rows that the model was calibrated on."""
    return Recent(together=model.recent, strange=np.zeros(len(model.recent), np.bool_))


def beside_recent(
    model: Model, together: NDArray[np.float64], recent: Recent
) -> tuple[NDArray[np.float64], Recent]:
    """Say how strange rows are beside those before them, one after the other.

    Args:
        model: That judged them.
        together: What its detectors said of rows that follow each other; NaN where a row could not
            be judged. Shape (n,).
        recent: The rows before them.

    Returns:
        Scores from 0 to 1 that mean what `Scores.values` do, NaN where unknown, shape (n,); and the
        newest rows after that.
    """
    surprise = model.surprises[TOGETHER]
    strange_from = surprise.reached_at(STRANGE)
    rows: list[float] = recent.together.tolist()
    strange: list[bool] = recent.strange.tolist()
    old = len(rows) - LATER
    ordered = sorted(said for n, said in enumerate(rows) if n < old or not strange[n])
    moved = np.full(len(together), np.nan)
    first = 0
    for row in np.flatnonzero(np.isfinite(together)).tolist():
        said = float(np.float32(together[row]))
        moved[row] = said - (_level(ordered) - model.level)
        rows.append(said)
        strange.append(bool(moved[row] >= strange_from))
        if not strange[-1]:
            insort(ordered, said)
        later = len(rows) - LATER - 1
        if later >= first and strange[later]:
            insort(ordered, rows[later])
        if len(rows) - first > RECENT:
            del ordered[bisect_left(ordered, rows[first])]
            first += 1
    newest = Recent(
        together=np.array(rows[first:], np.float32), strange=np.array(strange[first:], np.bool_)
    )
    return score_of(surprise.of(moved)), newest


def _level(ordered: list[float]) -> float:
    place = SHARE * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
