"""VUS-PR: how well scores rank what was wrong above what was not, whatever the threshold.

The area under a curve of precision over recall, averaged over how far from an event a score may
still earn something. Unlike the area of single rows it forgives a little lag; unlike point-adjusted
measures it gives a random score next to nothing.
"""

import numpy as np
from numpy.typing import NDArray

from healing.backtest.episodes import runs

THRESHOLDS = 250


def vus_pr(scores: NDArray[np.floating], wrong: NDArray[np.bool_], *, window: int) -> float:
    """Judge scores.

    Args:
        scores: Higher is stranger; no NaN. Shape (n,).
        wrong: Rows at which something was wrong; at least one. Shape (n,).
        window: Buffers from 0 to so many rows are averaged; half of one lies on each side.

    Returns:
        From 0 to 1.

    Source:
        Paparrizos et al. (2022), Volume under the surface, PVLDB 15; in the form of Liu and
        Paparrizos (2024), The elephant in the room (TSB-AD).
    """
    events = runs(wrong)
    order = np.argsort(-scores, kind="stable")
    places = np.linspace(0, len(scores) - 1, THRESHOLDS).astype(np.int64)
    thresholds = scores[order[places]]
    # How many rows reach each threshold: rows of equal score are reached together.
    reached = np.searchsorted(-scores[order], -thresholds, side="right")
    areas = [
        _area(scores, _buffered(events, len(scores), buffer), wrong.sum(), order, reached)
        for buffer in range(window + 1)
    ]
    return float(np.mean(areas))


def _area(
    scores: NDArray[np.floating],
    worth: NDArray[np.float64],
    rows_wrong: int,
    order: NDArray[np.int64],
    reached: NDArray[np.int64],
) -> float:
    """Give the area under the curve for one buffer; `worth` is what reaching a row earns."""
    thresholds = scores[order[reached - 1]]
    earned = np.cumsum(worth[order])[reached - 1]
    segments = runs(worth > 0)
    best = np.sort([float(scores[a : b + 1].max()) for a, b in segments.tolist()])
    found = (len(best) - np.searchsorted(best, thresholds, side="left")) / len(best)
    all_of_it = (rows_wrong + worth.sum()) / 2
    recall = np.minimum(earned / all_of_it, 1.0) * found
    precision = earned / reached
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _buffered(events: NDArray[np.int64], rows: int, buffer: int) -> NDArray[np.float64]:
    """Say what reaching each row earns: 1 in an event, less the farther beside one."""
    worth = np.zeros(rows)
    half = buffer // 2
    away = np.arange(1, half + 1)
    slope = np.sqrt(1 - away / buffer) if buffer else np.empty(0)
    for first, last in events.tolist():
        worth[first : last + 1] += 1
        after = min(half, rows - 1 - last)
        worth[last + 1 : last + 1 + after] += slope[:after]
        before = min(half, first)
        worth[first - before : first] += slope[:before][::-1]
    return np.minimum(worth, 1.0)
