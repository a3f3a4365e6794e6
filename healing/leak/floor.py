"""The floor of a quantity: where it falls back to, after garbage collections, load set apart."""

import numpy as np
from numpy.typing import NDArray

from healing.features import GAUSSIAN
from healing.features.segments import bridge, falls

Values = NDArray[np.float64]

POINTS = 192
FEWEST_ROWS_OF_POINT = 5
DAY = 86_400
TEETH = 5
"""So many falls since the last restart are a habit: a garbage collector's."""
AFTER_BITE = 3
"""The lowest of so many rows is what it fell back to."""
BITE, ABOVE_USUAL = 0.1, 8.0
"""A fall is a tooth's when it takes this share at once, and so many times what is usual."""
EXPLAINED = 0.3
"""Load is set apart when it goes along with the floor by this correlation at least."""
DAYS_NEEDED = 1.6
RESTART_ROWS = 2


def life_of(values: Values, restarts: NDArray[np.int64]) -> tuple[int, int]:
    """Find the row at which its present life began, and the rows from one fall to the next.

    A fall that we know no restart for is one too, unless there are so many that they are a habit.
    The rows are 0 where nothing falls again and again.
    """
    values = bridge(values)
    began = int(restarts.max()) if restarts.size else 0
    lived = values[began:]
    bites = _bites(lived)
    if len(bites) >= TEETH:
        tooth = float(np.quantile(np.diff(bites), 0.75))
        if tooth * TEETH <= len(lived):
            return began, round(tooth)
    fallen = np.flatnonzero(falls(lived))
    fallen = fallen[fallen > RESTART_ROWS]
    return began + (int(fallen[-1]) if fallen.size else 0), 0


def _bites(values: Values) -> NDArray[np.int64]:
    """Find the rows at which it falls at once by far more than from row to row usually."""
    steps = np.nan_to_num(np.diff(values))
    if not steps.size:
        return np.empty(0, np.int64)
    usual = GAUSSIAN * float(np.median(np.abs(steps)))
    deep = np.maximum(BITE * np.abs(np.nan_to_num(values[:-1])), ABOVE_USUAL * usual)
    return np.flatnonzero((steps < 0) & (-steps > deep)) + 1


def floor_of(values: Values, *, tooth: int) -> tuple[Values, int]:
    """Take the lowest of every few rows, or, of a saw-tooth, what each tooth falls back to.

    Gives the points, the newest last, and the rows in a point.
    """
    rows = max(FEWEST_ROWS_OF_POINT, -(-len(values) // POINTS))
    if tooth:
        values = _between_bites(values)
    buckets = values[len(values) % rows :].reshape(-1, rows)
    measured = np.isfinite(buckets)
    lowest = np.where(measured, buckets, np.inf).min(axis=1)
    return np.where(measured.sum(axis=1) * 2 >= rows, lowest, np.nan), rows


def _between_bites(values: Values) -> Values:
    """Draw lines from where one tooth falls back to, to where the next one does."""
    bridged = bridge(values)
    bites = _bites(bridged)
    ends = np.minimum(bites[:, None] + np.arange(AFTER_BITE), len(values) - 1)
    lowest = np.nan_to_num(bridged[ends], nan=np.inf).min(axis=1)
    drawn = np.array(np.interp(np.arange(len(values)), bites, lowest), np.float64)
    drawn[: bites[0]], drawn[bites[-1] + 1 :] = np.nan, np.nan
    return drawn


def mean_of(values: Values, rows: int) -> Values:
    """Average every few rows, the newest last; NaN where nothing was measured."""
    buckets = values[len(values) % rows :].reshape(-1, rows)
    count = np.isfinite(buckets).sum(axis=1)
    total = np.where(np.isfinite(buckets), buckets, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(buckets), np.nan), where=count > 0)


def without_load(floor: Values, load: Values) -> Values:
    """Take out of the floor what goes along with load, and not with time. Shape (p,) in and out."""
    known = np.isfinite(floor) & np.isfinite(load)
    if known.sum() < 10 or np.ptp(load[known]) <= 0:  # noqa: PLR2004 a line and a load
        return floor
    apart = load - load[known].mean()
    if np.corrcoef(apart[known], floor[known])[0, 1] < EXPLAINED:
        return floor
    time = np.arange(len(floor), dtype=np.float64)
    # Differences first: what grows in both would else be given to load, or to time, at will.
    step, pace = np.diff(floor), np.diff(apart)
    moving = np.isfinite(step) & np.isfinite(pace)
    design = np.column_stack([np.ones(len(floor)), time, apart])[known]
    by_level = float(np.linalg.lstsq(design, floor[known], rcond=None)[0][2])
    power = float(pace[moving] @ pace[moving])
    by_step = float(pace[moving] @ step[moving]) / power if power > 0 else 0.0
    return floor - max(0.0, by_level, by_step) * np.where(np.isfinite(apart), apart, 0.0)


def without_days(floor: Values, *, step: int) -> Values:
    """Take the day's shape out of a floor that covers enough days. Shape (p,) in and out."""
    known = np.isfinite(floor)
    span = len(floor) * step
    if span < DAYS_NEEDED * DAY or known.sum() < 16:  # noqa: PLR2004 more than is fitted
        return floor
    time = np.arange(len(floor), dtype=np.float64)
    turn = 2 * np.pi * time * step / DAY
    shape = np.column_stack([np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)])
    bend = np.column_stack([np.ones(len(floor)), time, np.maximum(time - len(floor) / 2, 0)])
    design = np.column_stack([bend, shape])
    fitted = np.linalg.lstsq(design[known], floor[known], rcond=None)[0]
    return floor - shape @ fitted[3:]
