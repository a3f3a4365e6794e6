"""Sums over the past: what a row may know of the rows before it."""

import numpy as np
from numpy.typing import NDArray


def mean_of_last(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Average each row with those before it, `rows` in all; fewer at the beginning.

    Shape (n, k) in and out. What was not measured does not count; NaN where nothing was.
    """
    measured = np.isfinite(values)
    total = _sum_of_last(np.where(measured, values, 0.0), rows)
    count = _sum_of_last(measured.astype(np.float64), rows)
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)


def rows_before(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Move everything `rows` later; NaN where nothing was before. Shape (n, k) in and out."""
    moved = np.full(values.shape, np.nan)
    if rows < len(values):
        moved[rows:] = values[: len(values) - rows]
    return moved


def carry(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Let each value stand for up to `rows` rows after it that were not measured.

    Shape (n, k) in and out.
    """
    carried = values
    for _ in range(rows):
        carried = np.where(np.isfinite(carried), carried, rows_before(carried, 1))
    return carried


def median(stack: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the median along the first axis; NaN does not count, and remains where all is NaN."""
    ordered = np.sort(stack, axis=0)  # NaN goes to the end
    count = np.isfinite(stack).sum(axis=0, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=0)
    upper = np.take_along_axis(ordered, count // 2, axis=0)
    return ((lower + upper) / 2)[0]


def _sum_of_last(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    total = np.cumsum(values, axis=0)
    total[rows:] -= total[:-rows]
    return total
