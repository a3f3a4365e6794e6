"""What the detectors of services say of rows, each in its own units, and all of them together."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.forest import Forest
from healing.anomaly.model import DETECTORS
from healing.anomaly.pattern import Pattern
from healing.anomaly.surprise import Surprise
from healing.features import Way, mean_of_last

MEASURED = 0.5
"""Share of rows a signal must have to be learned, and of signals a row must have to be judged."""
A_FEW = 4
"""Rows that a detector's scores are averaged over: trouble lasts, noise does not."""
NOT_WORTH_A_WORD = np.log1p(3.0)
"""Straying by three times the usual is usual too."""
FEATURE_GRAIN = 2.0**-10
"""Of what the forest reads: what differs by rounding must not be told apart."""
LEVEL, UNFORESEEN, RESTLESS = (
    tuple(Way).index(way) for way in (Way.LEVEL, Way.UNFORESEEN, Way.RESTLESS)
)


def enough(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Say in which rows enough signals were measured to judge a service. Shape (n, k) in, (n,)."""
    measured = np.isfinite(values).sum(axis=1)
    return (measured > 0) & (measured >= MEASURED * values.shape[1])


def raw_scores(
    pattern: Pattern, forest: Forest, strange: NDArray[np.float64], judged: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Let each detector score the rows, in its own units; NaN where they are not judged.

    Args:
        pattern: Of the service.
        forest: Of the service.
        strange: How far its signals stray. Shape (n, k, ways).
        judged: Which rows. Shape (n,).
    """
    excess = excess_of(strange[judged])
    raw = np.full((len(strange), len(DETECTORS)), np.nan)
    raw[judged] = np.stack(
        [
            excess[:, :, :UNFORESEEN].mean(axis=(1, 2)),
            excess[:, :, UNFORESEEN].mean(axis=1),
            excess[:, :, RESTLESS].mean(axis=1),
            pattern.departure(strange[judged][:, :, LEVEL]),
            forest.score(as_features(strange[judged])),
        ],
        axis=1,
    )
    smooth = np.where(judged[:, None], mean_of_last(raw, A_FEW), np.nan)
    return dict(zip(DETECTORS, smooth.T, strict=True))


def stood_away(long: NDArray[np.float64], judged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Say how far signals have stood away for long, all in all; NaN in rows that are not judged.

    Args:
        long: How far each did, in units of what is usual. Shape (n, k).
        judged: Which rows. Shape (n,).
    """
    far: NDArray[np.float64] = np.log1p(np.abs(np.nan_to_num(long))).mean(axis=1)
    return np.where(judged, far, np.nan)


def taken_together(
    surprises: Mapping[str, Surprise], raw: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Ask how rare the scores of all detectors are, and average that. Shape (n,)."""
    return np.mean([surprises[name].of(raw[name]) for name in DETECTORS], axis=0)


def as_features(strange: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay out what the forest reads: how far signals stray, for each way. Shape (n, ways)."""
    measured = np.isfinite(strange)
    far = np.where(measured, np.log1p(np.abs(np.nan_to_num(strange))), 0.0)
    mean: NDArray[np.float64] = far.sum(axis=1) / np.maximum(measured.sum(axis=1), 1)
    return FEATURE_GRAIN * np.rint(mean / FEATURE_GRAIN)


def excess_of(strange: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how far signals stray beyond what is not worth a word. Shape (n, k, ways)."""
    beyond = np.log1p(np.abs(np.nan_to_num(strange))) - NOT_WORTH_A_WORD
    return np.maximum(beyond, 0.0)
