"""A recording: measurements from a file, on a grid, with what is known to have been wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.errors import BadInputError
from healing.history import History
from healing.names import SignalName

MOST_CELLS = 100_000_000
"""Rows times signals; more would not fit beside everything else."""
MOST_SPREAD, FEWEST_SPREAD = 100, 1_000_000
"""Rows of the grid for each row of the file, where they are more than so many: beyond that a time
is wrong, such as a zero among those of today."""
FINER = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Times as large as that are so many to a second; as seconds they would lie after the year 5138."""
FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since the epoch."""
LONGEST_STEP = 366 * 86_400
DEFAULT_STEP = 60
DIMENSIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """What one file holds.

    Attributes:
        name: How to call it.
        history: All of it, training rows first.
        trained: The file itself says that its first so many rows are for training; None otherwise.
        rows: The row of `history` that each row of the file fell on; those after training only.
        labels: Whether something was wrong, for each row of `history`; None when nobody said.
    """

    name: str
    history: History
    trained: int | None
    rows: NDArray[np.int64]
    labels: NDArray[np.bool_] | None


def of_history(name: str, history: History) -> Recording:
    """Take history as it is kept; nobody said what was wrong in it."""
    rows = np.arange(len(history))
    return Recording(name=name, history=history, trained=None, rows=rows, labels=None)


def from_split(
    name: str,
    train: NDArray[np.floating],
    test: NDArray[np.floating],
    *,
    step: float = DEFAULT_STEP,
    labels: NDArray[np.generic] | None = None,
    signals: Sequence[str] = (),
) -> Recording:
    """Take rows to learn from and rows to judge that follow on each other.

    Args:
        name: How to call it.
        train: Shape (n,) or (n, k), NaN where nothing was measured.
        test: Shape (m,) or (m, k).
        step: Seconds from one row to the next.
        labels: Of the test rows; true where something was wrong. Shape (m,).
        signals: What the columns measure; numbered when not given.

    Raises:
        BadInputError: The arrays do not fit together.
    """
    train, test = _columns(train, "train"), _columns(test, "test")
    if train.shape[1] != test.shape[1]:
        raise BadInputError(
            f"`train` has {train.shape[1]} signals and `test` has {test.shape[1]}: "
            "they must be the same ones, in the same order"
        )
    step = _whole_step(step)
    values = np.concatenate([train, test])
    wrong = None
    if labels is not None:
        wrong = np.zeros(len(values), np.bool_)
        wrong[len(train) :] = _labels(labels, len(test), "test_labels")
    return Recording(
        name=name,
        history=_history(0, step, values, signals),
        trained=len(train),
        rows=np.arange(len(train), len(values)),
        labels=wrong,
    )


def from_times(
    name: str,
    timestamps: NDArray[np.generic],
    values: NDArray[np.floating],
    *,
    step: float | None = None,
    labels: NDArray[np.generic] | None = None,
    signals: Sequence[str] = (),
) -> Recording:
    """Take samples with their times, in any order, and put them on a grid.

    Rows of the file that fall on the same row of the grid are taken for one, the first that
    measured anything counts.

    Args:
        name: How to call it.
        timestamps: Seconds (or milliseconds, microseconds, nanoseconds) since the epoch, or
            `datetime64`. Shape (n,).
        values: Shape (n,) or (n, k), NaN where nothing was measured.
        step: Seconds from one row of the grid to the next; found from the times when not given.
        labels: True where something was wrong. Shape (n,).
        signals: What the columns measure; numbered when not given.

    Raises:
        BadInputError: The arrays do not fit together, or the times make no grid.
    """
    values = _columns(values, "values")
    times = seconds(timestamps)
    if len(times) != len(values):
        raise BadInputError(f"{len(times)} timestamps for {len(values)} rows of values")
    if not len(times):
        raise BadInputError("it holds no row")
    step = _whole_step(step) if step is not None else usual_step(times)
    start, rows = on_grid(times, step)
    count = int(rows.max()) + 1
    spread = count > max(FEWEST_SPREAD, MOST_SPREAD * len(times))
    if spread or count * values.shape[1] > MOST_CELLS:
        raise BadInputError(
            f"{count} rows at a step of {step} s, from the first to the last time, are too many: "
            "give a longer `step`, or leave out times that lie far from the rest"
        )
    wrong = None
    if labels is not None:
        wrong = np.zeros(count, np.bool_)
        wrong[rows[_labels(labels, len(times), "labels")]] = True
    grid = np.full((count, values.shape[1]), np.nan, np.float32)
    order = np.argsort(times, kind="stable")[::-1]  # the first of several is written last
    for column in range(values.shape[1]):
        known = order[np.isfinite(values[order, column])]
        grid[rows[known], column] = values[known, column]
    return Recording(
        name=name,
        history=_history(start, step, grid, signals),
        trained=None,
        rows=rows,
        labels=wrong,
    )


def seconds(timestamps: NDArray[np.generic]) -> NDArray[np.float64]:
    """Read times as seconds since the epoch.

    Raises:
        BadInputError: They are no times.

    Example:
        >>> seconds(np.array([1700000000000])).tolist()
        [1700000000.0]
        >>> seconds(np.array(["2023-11-14T22:13:20"], "datetime64[s]")).tolist()
        [1700000000.0]
    """
    if timestamps.ndim != 1:
        raise BadInputError(
            f"`timestamps` has shape {timestamps.shape}: one time per row is needed"
        )
    if timestamps.dtype.kind == "M":
        times = timestamps.astype("datetime64[ns]").astype(np.int64) / 1e9
        times[np.isnat(timestamps)] = np.nan
    elif timestamps.dtype.kind in "iuf":
        times = timestamps.astype(np.float64)
    else:
        raise BadInputError(f"`timestamps` are of type {timestamps.dtype}: numbers are needed")
    if not np.isfinite(times).all():
        raise BadInputError("a row has no time (NaN or infinite in `timestamps`)")
    late = float(np.abs(times).max(initial=0.0))
    return times / next((many for since, many in FINER if late > since), 1.0)


def usual_step(times: NDArray[np.float64]) -> int:
    """Find the step that most rows follow each other by, in whole seconds; at least one."""
    apart = np.diff(np.unique(times))
    if not apart.size:
        return DEFAULT_STEP
    return max(1, round(float(np.quantile(apart, 0.5, method="lower"))))


def on_grid(times: NDArray[np.float64], step: int) -> tuple[int, NDArray[np.int64]]:
    """Give each time its row; times a little early or late fall on the row that they belong to.

    Returns:
        The time of row 0 as a multiple of `step`, and the row of each time. Shape (n,).
    """
    turn = 2 * np.pi * (times % step) / step
    phase = float(np.angle(np.exp(1j * turn).mean()) / (2 * np.pi) * step)
    rows = np.rint((times - phase) / step).astype(np.int64)
    first = int(rows.min())
    return first * step, rows - first


def _columns(values: NDArray[np.floating], name: str) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiub":
        raise BadInputError(f"`{name}` is of type {values.dtype}: numbers are needed")
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != DIMENSIONS:
        raise BadInputError(
            f"`{name}` has shape {values.shape}: rows, or rows x signals, are needed"
        )
    if not values.shape[1]:
        raise BadInputError(f"`{name}` has no signal (shape {values.shape})")
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _labels(labels: NDArray[np.generic], rows: int, name: str) -> NDArray[np.bool_]:
    if labels.shape != (rows,):
        raise BadInputError(f"`{name}` has shape {labels.shape}, for {rows} rows")
    if labels.dtype.kind not in "biuf":
        raise BadInputError(f"`{name}` are of type {labels.dtype}: 0 and 1 are needed")
    return np.nan_to_num(labels.astype(np.float64)) > 0


def _whole_step(step: float) -> int:
    if not 1 <= step <= LONGEST_STEP or step != int(step):
        raise BadInputError(
            f"`step` is {step:g}: whole seconds are needed, at least one and at most a year"
        )
    return int(step)


def _history(start: int, step: int, values: NDArray[np.float32], signals: Sequence[str]) -> History:
    count = values.shape[1]
    names = tuple(SignalName(str(name)) for name in signals or [f"s{n}" for n in range(count)])
    if len(names) != count:
        raise BadInputError(f"there are {len(names)} `names` for {count} columns")
    if len(set(names)) != count:
        raise BadInputError(f"two signals have the same name: {', '.join(names)}")
    if start < FIRST or start + len(values) * step > LAST:
        raise BadInputError("its times do not lie within the years 1 to 9999")
    return History(start=start, step=step, signals=names, values=values)
