"""What everybody has: the rules that ours are measured against."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

SPLIT_AT = 0.5
FEWEST = 10
OF_WINDOW = 1 / 3
GOES_ON = 0.3
OF_LIMIT_AN_HOUR = 0.1


def line(values: Values) -> tuple[float, float]:
    """Fit a line by least squares, as Prometheus does: slope per row, and level at the end."""
    x = np.flatnonzero(np.isfinite(values)).astype(np.float64)
    if len(x) < 2:  # noqa: PLR2004 a line
        return 0.0, float("nan")
    y = values[np.isfinite(values)]
    apart = x - x.mean()
    slope = float(apart @ y / (apart @ apart))
    return slope, float(y.mean() + slope * (len(values) - 1 - x.mean()))


def rows_to_full(values: Values, capacity: float) -> float:
    """Say as `predict_linear` does in how many rows it is full; infinite when it does not grow."""
    slope, level = line(values)
    return max(0.0, (capacity - level) / slope) if slope > 0 else float("inf")


def coroot_leaks(values: Values, limit: float, step: int, *, least: float) -> bool:
    """Ask Coroot's rule for memory leaks.

    The longest stretch without a fall below half; at least ten points and a third of the window;
    its last quarter grows at 30 % of the pace of all of it; and all of it by `least` of the limit
    an hour (Coroot: a tenth).
    """
    known = values[np.isfinite(values)]
    cuts = np.flatnonzero(known[1:] < SPLIT_AT * known[:-1]) + 1
    longest = max(np.split(known, cuts), key=len)
    if len(longest) < max(FEWEST, OF_WINDOW * len(known)):
        return False
    slope = line(longest)[0]
    last = line(longest[-max(2, len(longest) // 4) :])[0]
    return last >= GOES_ON * slope and slope * 3600 / step > least * limit
