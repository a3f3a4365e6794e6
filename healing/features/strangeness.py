"""In which ways, and how far, each signal strays from what is usual."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from healing.features.causal import mean_of_last, median, rows_before
from healing.features.foresight import CARRIED, LAGS, LONGER, Foresight, learn_foresight
from healing.features.settled import FARTHEST_BACK, settled
from healing.features.units import in_units
from healing.features.usual import Usual, learn_usual, robust_spread, spread
from healing.history import History

A_WHILE = 5
BLOCKS = 12
MOST_RECENT_ROWS = 240
RESTLESS_ROWS = 12
LONG_ROWS = 72
"""Rows that a signal must have stood away for, on average: six hours at a step of five minutes."""
MOST_RESTLESS = 50.0
"""One row counts for no more than that, or it would make all the rows after it restless."""
RECENT = 4 * 3600
"""Seconds whose median a signal may move away from; after an hour, slow trouble would be usual."""
FINEST = 0.01
"""In units of level: no rule is believed to foresee a signal better than that."""
SMALLEST = 1e-4
"""In units of level: less than that is the rounding of float32, not the way a signal moves."""
CALMEST = 1e-3
"""Of restlessness: less than that is rounding too."""


class Way(StrEnum):
    """A way of straying."""

    LEVEL = "level"
    """Away from what is usual at this time of day."""
    LASTING = "lasting"
    """The same, for a while."""
    MOVED = "moved"
    """Away from where it stood in the last hours."""
    STEP = "step"
    """Away from the row before."""
    UNFORESEEN = "unforeseen"
    """Away from what the rows just before let expect."""
    RESTLESS = "restless"
    """For a while, rows differ from what was to be expected by more, or by less, than usual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """How straying is measured.

    Attributes:
        usual: What is usual for k signals.
        foresight: What rows let expect of the next one.
        spreads: The usual size of each way of straying but the first. Shape (len(Way) - 1, k).
        restlessness: What is usual of it. Shape (k,).
    """

    usual: Usual
    foresight: Foresight
    spreads: NDArray[np.float64]
    restlessness: NDArray[np.float64]


def learn_measure(history: History) -> Measure:
    """Learn from history what straying means."""
    usual = learn_usual(history.values.astype(np.float64), history.times)
    level = in_units(history.values - usual.at(history.times), usual.spread)
    foresight = learn_foresight(level)
    missed = foresight.missed_by(level)
    precision = np.maximum(_size(missed, usual), FINEST * (usual.spread > 0))
    restless = _restless(in_units(missed, precision))
    # Where it is mostly the same, however little it strays then is much.
    calm = np.maximum(robust_spread(restless), CALMEST * (usual.spread > 0))
    moves = [_size(way, usual) for way in _moves(level, history.step)]
    return Measure(
        usual=usual,
        foresight=foresight,
        spreads=np.array([*moves, precision, calm]),
        restlessness=np.nan_to_num(median(restless)),
    )


def beside(measures: Sequence[Measure]) -> Measure:
    """Put the measures of several services side by side: one for the signals of all of them."""
    usuals = [measure.usual for measure in measures]
    bins = max(len(usual.shape) for usual in usuals)
    shapes = [np.tile(usual.shape, (bins // len(usual.shape), 1)) for usual in usuals]
    return Measure(
        usual=Usual(
            centre=np.concatenate([usual.centre for usual in usuals]),
            shape=np.concatenate(shapes, axis=1),
            spread=np.concatenate([usual.spread for usual in usuals]),
        ),
        foresight=Foresight(
            weights=np.concatenate([measure.foresight.weights for measure in measures], axis=1)
        ),
        spreads=np.concatenate([measure.spreads for measure in measures], axis=1),
        restlessness=np.concatenate([measure.restlessness for measure in measures]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strayed:
    """How far k signals strayed in n rows.

    Attributes:
        ways: In each way, in units of what is usual; NaN where the signal was not measured. What
            cannot be said for want of earlier rows is 0. Shape (n, k, len(Way)).
        unsettled: The same, had no signal settled elsewhere. Shape (n, k, len(Way)).
        long: Away from what is usual, on average of the last `LONG_ROWS` rows. Shape (n, k).
        unsettled_long: The same, had no signal settled elsewhere. Shape (n, k).
        usual: What is usual for each signal, in its own unit. Shape (n, k).
        moved: By how much that has moved since it was learned. Shape (n, k).
        hours: For how many of the last 24 hours each signal has stood away, to one side, from what
            was learned. Shape (k,).
    """

    ways: NDArray[np.float64]
    unsettled: NDArray[np.float64]
    long: NDArray[np.float64]
    unsettled_long: NDArray[np.float64]
    usual: NDArray[np.float64]
    moved: NDArray[np.float64]
    hours: NDArray[np.int64]


def strangeness(measure: Measure, history: History, *, newest: int | None = None) -> Strayed:
    """Say how far each signal strays. A row knows only itself and the rows before it.

    Where a signal has settled elsewhere it is measured from there too, and what is less counts.

    Args:
        measure: Of the signals of the history, in their order.
        history: With the rows before those that are asked about, `rows_needed` of them.
        newest: How many of the newest rows are asked about; None asks about all.
    """
    rows = len(history) if newest is None else min(newest, len(history))
    near = history.tail(rows + _rows_just_before(history.step))
    usual = measure.usual.at(near.times)
    strayed = near.values - usual
    unsettled = _ways(measure, strayed, near.step)
    day = settled(measure.usual, history.values, history.times, rows=len(near))
    moved = np.where(np.abs(strayed - day.moved) < np.abs(strayed), day.moved, 0.0)
    unsettled_long = _long(unsettled, rows)
    ways, long = unsettled, unsettled_long
    if (some := np.flatnonzero(moved.any(axis=0))).size:
        ways = unsettled.copy()
        again = _ways(_only(measure, some), strayed[:, some] - moved[:, some], near.step)
        less = np.abs(again) < np.abs(ways[:, some])
        ways[:, some] = np.where(less, again, ways[:, some])
        long = _long(ways, rows)
    asked = slice(len(near) - rows, None)
    return Strayed(
        ways=ways[asked],
        unsettled=unsettled[asked],
        long=long,
        unsettled_long=unsettled_long,
        usual=(usual + moved)[asked],
        moved=moved[asked],
        hours=day.hours,
    )


def rows_needed(step: int) -> int:
    """How many rows before a row it wants to know."""
    return _rows_just_before(step) + -(-FARTHEST_BACK // step)


def _rows_just_before(step: int) -> int:
    return max(_recent_rows(step) + A_WHILE, RESTLESS_ROWS + max(LAGS + CARRIED, LONGER), LONG_ROWS)


def _long(ways: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    level = ways[max(len(ways) - rows - LONG_ROWS, 0) :, :, tuple(Way).index(Way.LEVEL)]
    return mean_of_last(level, LONG_ROWS)[len(level) - rows :]


def _only(measure: Measure, signals: NDArray[np.int64]) -> Measure:
    """Keep the measure of some signals."""
    usual = measure.usual
    return Measure(
        usual=Usual(
            centre=usual.centre[signals],
            shape=usual.shape[:, signals],
            spread=usual.spread[signals],
        ),
        foresight=Foresight(weights=measure.foresight.weights[:, signals]),
        spreads=measure.spreads[:, signals],
        restlessness=measure.restlessness[signals],
    )


def _ways(measure: Measure, strayed: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Measure each way of straying, in units of what is usual. Shape (n, k) in, (n, k, ways)."""
    level = in_units(strayed, measure.usual.spread)
    *moves, precision, changes = measure.spreads
    ways = [in_units(way, usual) for way, usual in zip(_moves(level, step), moves, strict=True)]
    unforeseen = in_units(measure.foresight.missed_by(level), precision)
    restless = in_units(_restless(unforeseen) - measure.restlessness, changes)
    known = np.stack(
        [level, *(np.nan_to_num(way) for way in (*ways, unforeseen, restless))], axis=-1
    )
    return np.where(np.isfinite(level)[:, :, None], known, np.nan)


def _size(way: NDArray[np.float64], usual: Usual) -> NDArray[np.float64]:
    """Say how large straying in a way usually is; 0 only for a signal that never moved at all."""
    return np.maximum(spread(way, finest=SMALLEST), SMALLEST * (usual.spread > 0))


def _moves(level: NDArray[np.float64], step: int) -> list[NDArray[np.float64]]:
    lasting = mean_of_last(level, A_WHILE)
    block = _recent_rows(step) // BLOCKS
    means = mean_of_last(level, block)
    recent = median(np.stack([rows_before(means, 1 + n * block) for n in range(BLOCKS)]))
    return [lasting, lasting - recent, level - rows_before(level, 1)]


def _restless(unforeseen: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log1p(mean_of_last(np.minimum(np.abs(unforeseen), MOST_RESTLESS), RESTLESS_ROWS))


def _recent_rows(step: int) -> int:
    return min(max(RECENT // step, BLOCKS), MOST_RECENT_ROWS) // BLOCKS * BLOCKS
