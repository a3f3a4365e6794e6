"""A detector for one service, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.forest import Forest
from healing.anomaly.pattern import Pattern
from healing.anomaly.surprise import Surprise
from healing.errors import ModelUnusableError
from healing.features import Foresight, Measure, Usual
from healing.names import SignalName

SCHEMA = 8
"""Changes when features or arrays change their meaning."""
DETECTORS = ("straying", "unforeseen", "restless", "pattern", "forest")
TOGETHER = "together"
LONG = "long"
CALIBRATED = (*DETECTORS, TOGETHER, LONG)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """What was learned of one service.

    Attributes:
        step: Seconds between rows; history at another step cannot be judged.
        signals: What it judges.
        measure: How straying is measured.
        pattern: How signals move together.
        forest: Finds rows that are easily set apart.
        surprises: How rare scores are, for each of `DETECTORS`, for all of them `TOGETHER`, and of
            signals that stand away for `LONG`.
        recent: What they said together of the newest ordinary rows it was calibrated on. Shape
            (n,).
        level: Of all the ordinary rows, nine in ten were below it.
        trained_from: First row it was fitted on, in seconds since the epoch.
        trained_until: Last row it was calibrated on, in seconds since the epoch.
    """

    step: int
    signals: tuple[SignalName, ...]
    measure: Measure
    pattern: Pattern
    forest: Forest
    surprises: Mapping[str, Surprise]
    recent: NDArray[np.float32]
    level: float
    trained_from: int
    trained_until: int


def to_arrays(model: Model) -> dict[str, NDArray[Any]]:
    """Lay a model out as plain arrays, to be kept."""
    arrays: dict[str, NDArray[Any]] = {
        "schema": np.array(SCHEMA),
        "rows": np.array([model.step, model.trained_from, model.trained_until], np.int64),
        "signals": np.array(model.signals, np.str_),
        "centre": model.measure.usual.centre,
        "shape": model.measure.usual.shape,
        "spread": model.measure.usual.spread,
        "foresight": model.measure.foresight.weights,
        "spreads": model.measure.spreads,
        "restlessness": model.measure.restlessness,
        "pattern_centre": model.pattern.centre,
        "pattern_whiten": model.pattern.whiten,
        "feature": model.forest.feature,
        "threshold": model.forest.threshold,
        "path": model.forest.path,
        "usual_path": np.array(model.forest.usual_path),
        "recent": model.recent,
        "level": np.array(model.level),
    }
    for detector, surprise in model.surprises.items():
        arrays[f"{detector}_scores"] = surprise.scores
        arrays[f"{detector}_surprises"] = surprise.surprises
        arrays[f"{detector}_tail"] = np.array([surprise.slope, surprise.most])
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Model:
    """Build the model again.

    Raises:
        ModelUnusableError: The arrays are of another make, or not a model.
    """
    try:
        if (schema := int(arrays["schema"])) != SCHEMA:
            raise ModelUnusableError(f"the model is of make {schema}, and we are of make {SCHEMA}")
        step, trained_from, trained_until = arrays["rows"].tolist()
        return Model(
            step=step,
            signals=tuple(SignalName(name) for name in arrays["signals"].tolist()),
            measure=Measure(
                usual=Usual(
                    centre=arrays["centre"], shape=arrays["shape"], spread=arrays["spread"]
                ),
                foresight=Foresight(weights=arrays["foresight"]),
                spreads=arrays["spreads"],
                restlessness=arrays["restlessness"],
            ),
            pattern=Pattern(centre=arrays["pattern_centre"], whiten=arrays["pattern_whiten"]),
            forest=Forest(
                feature=arrays["feature"],
                threshold=arrays["threshold"],
                path=arrays["path"],
                usual_path=float(arrays["usual_path"]),
            ),
            surprises={name: _surprise(arrays, name) for name in CALIBRATED},
            recent=arrays["recent"],
            level=float(arrays["level"]),
            trained_from=trained_from,
            trained_until=trained_until,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelUnusableError(
            f"these arrays are not a model of an anomaly: {error!r}"
        ) from error


def _surprise(arrays: Mapping[str, NDArray[Any]], detector: str) -> Surprise:
    slope, most = arrays[f"{detector}_tail"].tolist()
    return Surprise(
        scores=arrays[f"{detector}_scores"],
        surprises=arrays[f"{detector}_surprises"],
        slope=slope,
        most=most,
    )
