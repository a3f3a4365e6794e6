"""What can be read off the measurements of a service directly: levels left, errors made."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healing.history import History
from healing.policy.guards import whole_of
from healing.services import Signal

HOUR, DAY = 3600, 86_400
NEWEST = 16
"""Rows in which a signal must stand at another level, most of them measured."""
MOST = 0.75
LEFT_BY = 0.25
"""It must have left all of the day before by this share of the range of that day."""
LEAST_OF_LEVEL = 1e-3
HALF_A_DAY = 43_200
BURST = 300
"""Seconds; errors that are over for so long burn no more."""


def has_shifted(history: History) -> float:
    """Say whether a signal has moved to another level within the last hour: 1 or 0; NaN unknown.

    Its newest rows lie all on one side of everything in the day before that hour, and by far.
    """
    step = history.step
    values = history.values[-(DAY + HOUR) // step :].astype(np.float64)
    past, hour = values[: -HOUR // step], values[-HOUR // step :]
    newest = hour[-NEWEST:]
    known = np.isfinite(past).sum(axis=0) * step >= HALF_A_DAY
    known &= np.isfinite(newest).sum(axis=0) >= MOST * NEWEST
    if not known.any():
        return float("nan")
    past, newest = past[:, known], newest[:, known]
    low, high = _ends(past)
    bottom, top = _ends(newest)
    far = np.maximum(LEFT_BY * (high - low), LEAST_OF_LEVEL * np.maximum(np.abs(high), np.abs(low)))
    return float(((bottom > high + far) | (top < low - far)).any())


def burn(history: History, signals: Sequence[Signal], *, allowed: float) -> float:
    """Say how many times faster than allowed the error budget is used up; NaN where unknown.

    Over an hour, and over five minutes, whichever is less: a blip does not count, nor what is over.

    Args:
        history: Of the service.
        signals: Of it; a share of errors is one named so, in `ratio` or `percent`.
        allowed: Share of requests that may fail.

    Source:
        Google, The Site Reliability Workbook, chapter 5, on alerts with several windows.
    """
    named = next((s for s in signals if "error" in s.name and whole_of(s) is not None), None)
    if named is None or allowed <= 0:
        return float("nan")
    share = history.column(named.name).astype(np.float64) / (whole_of(named) or 1.0)
    means = [_mean(share[-max(1, seconds // history.step) :]) for seconds in (HOUR, BURST)]
    return min(means) / allowed if np.isfinite(means).all() else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _ends(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = np.isfinite(values)
    return (
        np.where(known, values, np.inf).min(axis=0),
        np.where(known, values, -np.inf).max(axis=0),
    )
