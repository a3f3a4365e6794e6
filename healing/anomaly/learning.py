"""Learn what is usual for a service, and how rare it is that it strays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.detectors import (
    A_FEW,
    LEVEL,
    MEASURED,
    as_features,
    enough,
    raw_scores,
    stood_away,
    taken_together,
)
from healing.anomaly.forest import grow
from healing.anomaly.model import CALIBRATED, DETECTORS, LONG, TOGETHER, Model
from healing.anomaly.pattern import learn_pattern
from healing.anomaly.recent import RECENT, level_of
from healing.anomaly.surprise import doubt, learn_bulk, learn_surprise
from healing.errors import NotEnoughHistoryError
from healing.features import learn_measure, strangeness
from healing.history import History

FEWEST_ROWS = 120
SHORTEST = 2 * 3600
"""Two hours: less says little about what is usual."""
FITTED = 0.7
"""Share of the rows that detectors are fitted on; the rest, later, tells how rare scores are."""
GRAINS = {"pattern": 0.1, "forest": 0.01, TOGETHER: 0.2}
EXCESS_GRAIN = 0.1
"""Differences in score that mean nothing; in excess, of one signal in one row."""
FLAGGED = 7.0
"""Decades beyond the bulk: no row in ten million is so strange by chance."""
MOST_FLAGGED = 0.05
WIDENED = 1.75
"""The world moves on: on later days of real recordings rare scores lie so much farther out."""


def rows_to_learn(step: int) -> int:
    """How many measured rows `fit` needs."""
    return max(FEWEST_ROWS, SHORTEST // step)


def fit(history: History, *, seed: int) -> Model:
    """Learn what is usual.

    Signals that were measured in less than half of the rows in which any was are left out. A
    signal that never changed is kept: a change of it will be strange.

    Args:
        history: Everything that is known; the last rows only tell how rare scores are.
        seed: The same history and seed give the same model.

    Raises:
        NotEnoughHistoryError: Too few rows were measured.
    """
    history = _learnable(history)
    judged = enough(history.values)
    if (have := int(judged.sum())) < (need := rows_to_learn(history.step)):
        raise NotEnoughHistoryError(have=have, need=need)

    split = int(np.flatnonzero(judged)[int(FITTED * have)])
    measure = learn_measure(history.rows(0, split))
    strayed = strangeness(measure, history)
    strange = strayed.ways
    fitted = strange[:split][judged[:split]]
    pattern = learn_pattern(fitted[:, :, LEVEL])
    forest = grow(as_features(fitted), seed=seed)

    first = max(split - A_FEW + 1, 0)
    raw = raw_scores(pattern, forest, strange[first:], judged[first:])
    aside = judged[first:] & (np.arange(first, len(history)) >= split)
    ordinary = _ordinary(raw, aside, signals=len(history.signals))
    grains = _grains(len(history.signals))
    surprises = {
        name: learn_surprise(raw[name][ordinary], grain=grains[name]) for name in DETECTORS
    }
    together = taken_together(surprises, raw)[ordinary]
    # Of signals that never moved, there is nothing to be unsure of.
    unsure = doubt(have * history.step) if measure.usual.spread.any() else 1.0
    widened = WIDENED * unsure
    surprises[TOGETHER] = learn_surprise(together, grain=grains[TOGETHER], widened=widened)
    long = stood_away(strayed.long[first:], judged[first:])[ordinary]
    surprises[LONG] = learn_surprise(long, grain=grains[LONG], widened=widened)
    return Model(
        step=history.step,
        signals=history.signals,
        measure=measure,
        pattern=pattern,
        forest=forest,
        surprises=surprises,
        recent=together[-RECENT:].astype(np.float32),
        level=level_of(together),
        trained_from=history.start,
        trained_until=history.end,
    )


def _ordinary(
    raw: Mapping[str, NDArray[np.float64]], aside: NDArray[np.bool_], *, signals: int
) -> NDArray[np.bool_]:
    """Say which of the rows set aside were ordinary: trouble must not make trouble look common.

    Left out is what lies farther beyond the bulk of the rows than chance would carry it, but no
    more than a twentieth of them: what happens so often is usual.
    """
    grains = _grains(signals)
    bulk = {name: learn_bulk(raw[name][aside], grain=grains[name]) for name in DETECTORS}
    together = taken_together(bulk, raw)[aside]
    rarity = learn_bulk(together, grain=grains[TOGETHER]).of(together)
    strange = rarity >= max(FLAGGED, float(np.quantile(rarity, 1 - MOST_FLAGGED)))
    # A row is seen in the scores of the few rows after it.
    spoilt = np.convolve(strange, np.ones(A_FEW))[: len(strange)] > 0
    ordinary = aside.copy()
    ordinary[aside] = ~spoilt
    return ordinary


def _grains(signals: int) -> dict[str, float]:
    of_excess = EXCESS_GRAIN / (signals * A_FEW)
    return {name: GRAINS.get(name, of_excess) for name in CALIBRATED}


def _learnable(history: History) -> History:
    """Keep the signals that were measured often enough, where anything was measured at all."""
    measured = np.isfinite(history.values)
    often = measured.sum(axis=0) >= max(MEASURED * measured.any(axis=1).sum(), 1)
    kept = tuple(name for name, keep in zip(history.signals, often, strict=True) if keep)
    return history.choose(kept)
