"""Where a quantity begins anew: after a restart, a clean-up, a gap."""

import numpy as np
from numpy.typing import NDArray

SHORT_GAP = 3
"""Rows; a gap this short is bridged by a straight line."""
DROP_OF_RANGE = 0.3
DROP_OF_VALUE = 0.25
"""A fall by this share of all it ever ranged over, and of where it stood, is not noise."""


def bridge(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bridge short gaps between measured rows. Shape (n,) in and out; longer gaps stay NaN."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:  # noqa: PLR2004 nothing to bridge between
        return values
    bridged = values.copy()
    gaps = np.diff(known) - 1
    for before, gap in zip(known[:-1][gaps > 0], gaps[gaps > 0], strict=True):
        if gap <= SHORT_GAP:
            after = before + gap + 1
            bridged[before : after + 1] = np.linspace(values[before], values[after], gap + 2)
    return bridged


def falls(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say at which rows it has fallen so deep that something was cleaned up or started anew.

    Shape (n,) in and out.
    """
    fell = np.zeros(values.shape, np.bool_)
    known = values[np.isfinite(values)]
    if known.size:
        fall = np.nan_to_num(values[:-1] - values[1:])
        deep = np.maximum(
            DROP_OF_RANGE * (known.max() - known.min()), DROP_OF_VALUE * np.abs(values[:-1])
        )
        fell[1:] = (fall > 0) & (fall >= np.nan_to_num(deep))
    return fell


def beginnings(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say at which rows a new segment begins: after a deep fall, or after a gap.

    The first row begins nothing: what was before it is not known. Shape (n,) in and out.
    """
    begins = falls(values)
    known = np.isfinite(values)
    begins[1:] |= known[1:] & ~known[:-1] & (np.cumsum(known)[:-1] > 0)
    return begins
