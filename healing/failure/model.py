"""What was learnt of failures, as plain arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healing.errors import ModelUnusableError
from healing.failure.hazard import Hazard
from healing.failure.signs import HORIZONS, SIGNS, UNTIL

SCHEMA = 1
"""Changes when signs, horizons or arrays change their meaning."""


def to_arrays(hazard: Hazard) -> dict[str, NDArray[Any]]:
    """Lay a model out as plain arrays, to be kept."""
    return {
        "schema": np.array(SCHEMA),
        "signs": np.array(SIGNS, np.str_),
        "horizons": UNTIL,
        "intercept": hazard.intercept,
        "weights": hazard.weights,
        "usual": hazard.usual,
        "failures": np.array(hazard.failures, np.int64),
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Hazard:
    """Build the model again.

    Raises:
        ModelUnusableError: The arrays are of another make, or not such a model.
    """
    try:
        if (schema := int(arrays["schema"])) != SCHEMA:
            raise ModelUnusableError(f"the model is of make {schema}, and we are of make {SCHEMA}")
        if arrays["signs"].tolist() != list(SIGNS) or arrays["horizons"].tolist() != UNTIL.tolist():
            raise ModelUnusableError("the model knows other signs or horizons than we do")
        hazard = Hazard(
            intercept=np.asarray(arrays["intercept"], np.float64),
            weights=np.asarray(arrays["weights"], np.float64),
            usual=np.asarray(arrays["usual"], np.float64),
            failures=int(arrays["failures"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelUnusableError(f"these arrays are not a model of failures: {error!r}") from error
    shape = (len(HORIZONS), len(SIGNS))
    fits = hazard.intercept.shape == shape[:1] and hazard.weights.shape == shape
    finite = all(np.isfinite(a).all() for a in (hazard.intercept, hazard.weights, hazard.usual))
    if not fits or hazard.usual.shape != shape or not finite or (hazard.weights < 0).any():
        raise ModelUnusableError("the arrays of the model of failures are damaged")
    return hazard
