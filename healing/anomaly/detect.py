"""Learn what is usual for a service, and say how strange each row is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.forest import Forest, grow
from healing.anomaly.meaning import score_of
from healing.anomaly.model import DETECTORS, TOGETHER, Model
from healing.anomaly.pattern import Pattern, learn_pattern
from healing.anomaly.surprise import Surprise, learn_surprise
from healing.errors import ModelUnusableError, NotEnoughHistoryError
from healing.features import Way, learn_measure, mean_of_last, rows_needed, strangeness
from healing.history import History
from healing.names import SignalName

FEWEST_ROWS = 120
SHORTEST = 2 * 3600
"""Two hours: less says little about what is usual."""
FITTED = 0.7
"""Share of the rows that detectors are fitted on; the rest, later, tells how rare scores are."""
MEASURED = 0.5
"""Share of rows a signal must have to be learned, and of signals a row must have to be judged."""
NOT_WORTH_A_WORD = np.log1p(3.0)
"""Straying by three times the usual is usual too."""
GRAINS = {"pattern": 0.1, "forest": 0.01, TOGETHER: 0.2}
FEATURE_GRAIN = 2.0**-10
"""Of what the forest reads: what differs by rounding must not be told apart."""
EXCESS_GRAIN = 0.1
"""Differences in score that mean nothing; in excess, of one signal in one row."""
WIDENED = 1.75
"""The world moves on: on later days of real recordings rare scores lie so much farther out."""
A_FEW = 4
"""Rows that a detector's scores are averaged over: trouble lasts, noise does not."""
LEVEL, UNFORESEEN, RESTLESS = (
    tuple(Way).index(way) for way in (Way.LEVEL, Way.UNFORESEEN, Way.RESTLESS)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """How strange each row is.

    Attributes:
        start: Time of row 0, in seconds since the epoch.
        step: Seconds from one row to the next.
        signals: What was judged.
        values: From 0 to 1; 0.5 is one in 100, 0.9 one in 1,000, 0.99 one in 10,000. NaN where too
            little was measured. Shape (n,).
        shares: How much each signal has to do with it; each row adds up to 1, or is 0 when no
            signal stands out. Shape (n, k).
        usual: What is usual for each signal at that time, in its own unit. Shape (n, k).
        off: How far it lies from that; NaN where it was not measured. Shape (n, k).
    """

    start: int
    step: int
    signals: tuple[SignalName, ...]
    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    usual: NDArray[np.float64]
    off: NDArray[np.float64]


def rows_to_learn(step: int) -> int:
    """How many measured rows `fit` needs."""
    return max(FEWEST_ROWS, SHORTEST // step)


def fit(history: History, *, seed: int) -> Model:
    """Learn what is usual.

    Signals that were measured in less than half of the rows are left out. A signal that never
    changed is kept: a change of it will be strange.

    Args:
        history: Everything that is known; the last rows only tell how rare scores are.
        seed: The same history and seed give the same model.

    Raises:
        NotEnoughHistoryError: Too few rows were measured.
    """
    history = _learnable(history)
    judged = _enough(history)
    if (have := int(judged.sum())) < (need := rows_to_learn(history.step)):
        raise NotEnoughHistoryError(have=have, need=need)

    split = int(np.flatnonzero(judged)[int(FITTED * have)])
    measure = learn_measure(history.rows(0, split))
    strange = strangeness(measure, history)
    fitted = strange[:split][judged[:split]]
    pattern = learn_pattern(fitted[:, :, LEVEL])
    forest = grow(_as_features(fitted), seed=seed)

    first = max(split - A_FEW + 1, 0)
    raw = _raw_scores(pattern, forest, strange[first:], judged[first:])
    aside = judged[first:] & (np.arange(first, len(history)) >= split)
    of_excess = EXCESS_GRAIN / (len(history.signals) * A_FEW)
    surprises = {
        name: learn_surprise(raw[name][aside], grain=GRAINS.get(name, of_excess))
        for name in DETECTORS
    }
    together = _together(surprises, raw)[aside]
    surprises[TOGETHER] = learn_surprise(together, grain=GRAINS[TOGETHER], widened=WIDENED)
    return Model(
        step=history.step,
        signals=history.signals,
        measure=measure,
        pattern=pattern,
        forest=forest,
        surprises=surprises,
        trained_from=history.start,
        trained_until=history.end,
    )


def score(model: Model, history: History, *, newest: int | None = None) -> Scores:
    """Say how strange each row is. A row is judged by itself and the rows before it only.

    Args:
        model: Of the same service.
        history: At the same step; signals may stand in any order, and may be missing.
        newest: Judge only so many of the newest rows; None judges all.

    Raises:
        ModelUnusableError: The model is for another step.
    """
    if history.step != model.step:
        raise ModelUnusableError(
            f"the model is for a step of {model.step} s, the history has {history.step} s"
        )
    wanted = len(history) if newest is None else min(newest, len(history))
    history = history.tail(wanted + A_FEW - 1 + rows_needed(model.step)).choose(model.signals)
    strange, judged = strangeness(model.measure, history), _enough(history)
    together = _together(model.surprises, _raw_scores(model.pattern, model.forest, strange, judged))

    newest_rows = slice(len(history) - wanted, None)
    values = score_of(model.surprises[TOGETHER].of(together[newest_rows]))
    excess = _excess(strange[newest_rows]).mean(axis=2)
    total = excess.sum(axis=1, keepdims=True)
    usual = model.measure.usual.at(history.times[newest_rows])
    return Scores(
        start=history.end - (wanted - 1) * history.step,
        step=history.step,
        signals=model.signals,
        values=values,
        shares=np.divide(excess, total, out=np.zeros_like(excess), where=total > 0),
        usual=usual,
        off=history.values[newest_rows] - usual,
    )


def _learnable(history: History) -> History:
    """Keep the signals that were measured often enough."""
    if not len(history):
        return history
    often = np.isfinite(history.values).mean(axis=0) >= MEASURED
    kept = tuple(name for name, keep in zip(history.signals, often, strict=True) if keep)
    return history.choose(kept)


def _enough(history: History) -> NDArray[np.bool_]:
    """Say in which rows enough signals were measured to judge the service."""
    measured = np.isfinite(history.values).sum(axis=1)
    return (measured > 0) & (measured >= MEASURED * len(history.signals))


def _raw_scores(
    pattern: Pattern, forest: Forest, strange: NDArray[np.float64], judged: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Let each detector score the rows, in its own units; NaN where they are not judged."""
    excess = _excess(strange[judged])
    raw = np.full((len(strange), len(DETECTORS)), np.nan)
    raw[judged] = np.stack(
        [
            excess[:, :, :UNFORESEEN].mean(axis=(1, 2)),
            excess[:, :, UNFORESEEN].mean(axis=1),
            excess[:, :, RESTLESS].mean(axis=1),
            pattern.departure(strange[judged][:, :, LEVEL]),
            forest.score(_as_features(strange[judged])),
        ],
        axis=1,
    )
    smooth = np.where(judged[:, None], mean_of_last(raw, A_FEW), np.nan)
    return dict(zip(DETECTORS, smooth.T, strict=True))


def _together(
    surprises: Mapping[str, Surprise], raw: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Ask how rare the scores of all detectors are, and average that. Shape (n,)."""
    return np.mean([surprises[name].of(raw[name]) for name in DETECTORS], axis=0)


def _as_features(strange: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay out what the forest reads: how far signals stray, for each way. Shape (n, ways)."""
    measured = np.isfinite(strange)
    far = np.where(measured, np.log1p(np.abs(np.nan_to_num(strange))), 0.0)
    mean: NDArray[np.float64] = far.sum(axis=1) / np.maximum(measured.sum(axis=1), 1)
    return FEATURE_GRAIN * np.rint(mean / FEATURE_GRAIN)


def _excess(strange: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how far signals stray beyond what is not worth a word. Shape (n, k, ways)."""
    beyond = np.log1p(np.abs(np.nan_to_num(strange))) - NOT_WORTH_A_WORD
    return np.maximum(beyond, 0.0)
