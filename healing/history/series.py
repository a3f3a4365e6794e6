"""One signal is one series, under whatever labels it goes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOOKBACK = 300.0
"""Seconds for which Prometheus goes on answering with a series that has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples of one series, oldest first; times in seconds since the epoch. Shape (m,) each."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


def one_series(found: Sequence[Samples]) -> Samples | None:
    """Join series that follow one another into one.

    A container that is made anew carries new labels, and its series takes over from the old one,
    which may linger for `LOOKBACK`. While both are there, the one that began later counts.

    Returns:
        None when two of them stand side by side: that is a question for the query's author.
    """
    measured = [_finite(samples) for samples in found]
    measured = sorted((s for s in measured if s.times.size), key=lambda s: s.times[0])
    if not measured:
        return Samples(np.empty(0), np.empty(0))
    if len(measured) == 1:
        return measured[0]

    times = np.unique(np.concatenate([samples.times for samples in measured]))
    values = np.full(times.shape, np.nan)
    count = np.zeros(times.shape, np.int64)
    for samples in measured:
        at = np.searchsorted(times, samples.times)
        values[at] = samples.values
        count[at] += 1
    return None if _side_by_side(times, count > 1) else Samples(times, values)


def _finite(samples: Samples) -> Samples:
    keep = np.isfinite(samples.values)
    return Samples(samples.times[keep], samples.values[keep])


def _side_by_side(times: NDArray[np.float64], both: NDArray[np.bool_]) -> bool:
    edges = np.diff(both.astype(np.int8), prepend=0, append=0)
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    if not first.size:
        return False
    # An overlap from the very first row on was not seen to begin: nobody took over from anybody.
    return bool(first[0] == 0 or np.any(times[last] - times[first] > LOOKBACK))
