"""Where any series goes: a point forecast and quantiles, calibrated on its own past.

Every model is replayed at several origins of the past and weighted by how well it did; what does
no better there than the seasonal naive forecast is replaced by it. The misses of the winner at
those origins make the interval (split conformal; Vovk et al. 2005).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.features.segments import SHORT_GAP
from healing.forecast.coarse import Coarse, coarse
from healing.forecast.models import MODELS, Model
from healing.history import History
from healing.names import SignalName

ORIGINS = 6
FEWEST_POINTS = 12
SHARPNESS = 4
"""Weights are the errors to minus this power: the better, the louder."""
BETTER = 0.98
"""The mixture must make at most this share of the error of the seasonal naive forecast."""
BANDS = 6
"""Parts of the horizon with an interval of their own."""
DECILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """Where series go.

    Attributes:
        start: Time of the first row, in seconds since the epoch.
        step: Seconds from one row to the next.
        signals: What the columns are.
        quantiles: Which quantiles, rising; 0 to 1.
        point: The likeliest course. Shape (h, k); NaN where nothing can be said.
        paths: The quantiles of each row. Shape (q, h, k), rising along the first axis.
        models: By which model, mostly. One for each signal; None where nothing can be said.
        errors: Mean miss on the past, as a share of that of the seasonal naive forecast. Shape (k,)
    """

    start: int
    step: int
    signals: tuple[SignalName, ...]
    quantiles: tuple[float, ...]
    point: NDArray[np.float64]
    paths: NDArray[np.float64]
    models: tuple[Model | None, ...]
    errors: NDArray[np.float64]

    @property
    def times(self) -> NDArray[np.int64]:
        """Time of each row, in seconds since the epoch. Shape (h,)."""
        return self.start + self.step * np.arange(len(self.point), dtype=np.int64)


def forecast(
    history: History,
    *,
    horizon: timedelta,
    now: datetime | None = None,
    quantiles: Sequence[float] = DECILES,
) -> Forecast:
    """Say where every signal of a history goes.

    Args:
        history: What was measured; all columns are forecast at once.
        horizon: How far to look ahead; at least one row.
        now: Nothing after it is looked at; the end of the history when None.
        quantiles: Wanted quantiles, between 0 and 1.
    """
    history = history if now is None else history.until(now)
    wanted = np.array(sorted(quantiles))
    ahead = max(1, round(horizon.total_seconds() / history.step))
    values = history.values.astype(np.float64)
    grid = coarse(values, step=history.step, ahead=ahead)
    points = -(-ahead // grid.rows)
    sayable = _sayable(grid, points)
    point = np.full((ahead, values.shape[1]), np.nan)
    paths = np.full((len(wanted), *point.shape), np.nan)
    models: list[Model | None] = [None] * values.shape[1]
    errors = np.full(values.shape[1], np.nan)
    if sayable.any():
        mixed = _mix(_only(grid, sayable), points, wanted)
        point[:, sayable] = _finer(mixed.point, grid, ahead)
        paths[:, :, sayable] = np.stack([_finer(path, grid, ahead) for path in mixed.paths])
        errors[sayable] = mixed.errors
        for column, best in zip(np.flatnonzero(sayable), mixed.best, strict=True):
            models[column] = list(MODELS)[best]
    return Forecast(
        start=history.end + history.step,
        step=history.step,
        signals=history.signals,
        quantiles=tuple(wanted.tolist()),
        point=point,
        paths=paths,
        models=tuple(models),
        errors=errors,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Mixed:
    point: NDArray[np.float64]
    paths: NDArray[np.float64]
    best: NDArray[np.int64]
    errors: NDArray[np.float64]


def _sayable(grid: Coarse, ahead: int) -> NDArray[np.bool_]:
    """Say of which series enough is known, and that it is not long gone. Shape (k,)."""
    newest = max(SHORT_GAP, ahead // 4) + 1
    return (grid.known.sum(axis=0) >= FEWEST_POINTS) & grid.known[-newest:].any(axis=0)


def _only(grid: Coarse, columns: NDArray[np.bool_]) -> Coarse:
    return Coarse(
        values=grid.values[:, columns],
        known=grid.known[:, columns],
        rows=grid.rows,
        day=grid.day,
        week=grid.week,
    )


def _mix(grid: Coarse, ahead: int, quantiles: NDArray[np.float64]) -> _Mixed:
    """Replay the models on the past, weigh them, and measure by how much the mixture misses."""
    replayed, truths = _replay(grid, ahead)
    errors = _mean(np.abs(replayed - truths[:, None]).swapaxes(1, 2))  # (models, k)
    scale = np.where(np.isfinite(errors[0]), errors[0], 1.0)
    scale = np.where(scale > 0, scale, 1.0)
    weights = np.maximum(errors / scale, 1e-3) ** -float(SHARPNESS)
    total = weights.sum(axis=0)
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 0.0)
    weights[0, total == 0] = 1.0

    mixture = np.einsum("omhk,mk->ohk", replayed, weights)
    share = _mean(np.abs(mixture - truths)) / scale
    is_better = share <= BETTER
    weights[:, ~is_better] = 0.0
    weights[0, ~is_better] = 1.0
    mixture = np.where(is_better, mixture, replayed[:, 0])
    now = np.stack([model(grid, ahead) for model in MODELS.values()])
    point = np.einsum("mhk,mk->hk", now, weights)
    return _Mixed(
        point=point,
        paths=point + _spread(truths - mixture, quantiles),
        best=np.argmax(weights, axis=0),
        errors=np.where(is_better, share, 1.0),
    )


def _replay(grid: Coarse, ahead: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forecast from origins of the past. Shapes (o, m, ahead, k), (o, ahead, k); NaN: unknown."""
    n, k = grid.values.shape
    stride = max(1, min(ahead, (n - FEWEST_POINTS // 2) // (ORIGINS + 1)))
    origins = [back for back in range(stride, n, stride) if n - back >= FEWEST_POINTS // 2]
    replayed = np.full((len(origins[:ORIGINS]), len(MODELS), ahead, k), np.nan)
    truths = np.full((len(replayed), ahead, k), np.nan)
    for number, back in enumerate(origins[:ORIGINS]):
        past = grid.before(back)
        known = min(back, ahead)
        after = slice(n - back, n - back + known)
        truths[number, :known] = np.where(grid.known[after], grid.values[after], np.nan)
        for place, model in enumerate(MODELS.values()):
            replayed[number, place] = model(past, ahead)
    return replayed, truths


def _mean(misses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the first two axes; infinite where nothing is known."""
    known = np.isfinite(misses)
    count = known.astype(np.float64).sum(axis=(0, 1))
    total = np.where(known, misses, 0.0).sum(axis=(0, 1))
    return np.divide(total, count, out=np.full(misses.shape[2:], np.inf), where=count > 0)


def _spread(misses: NDArray[np.float64], quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the quantiles of the misses by part of the horizon. Shape (q, ahead, k)."""
    _, ahead, k = misses.shape
    bands = min(BANDS, ahead)
    edges = [part * ahead // bands for part in range(bands + 1)]
    sides: NDArray[np.float64] = np.abs(2 * quantiles - 1)
    half = np.stack(
        [
            _quantiles(np.abs(misses[:, first:after]).reshape(-1, k), sides)
            for first, after in itertools.pairwise(edges)
        ]
    )
    # The further ahead, the less is known: no later part is surer than an earlier one.
    half = np.fmax.accumulate(np.where(np.isfinite(half), half, 0.0), axis=0)
    middles = np.array([(first + after - 1) / 2 for first, after in itertools.pairwise(edges)])
    spread = _between(middles, half.reshape(len(half), -1), ahead)
    spread = spread.reshape(ahead, len(quantiles), k).swapaxes(0, 1)
    return np.sign(quantiles - 0.5)[:, None, None] * spread


def _quantiles(sizes: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the conformal quantiles of each column, ranks over n + 1. Shape (q, k)."""
    ordered = np.sort(sizes, axis=0)  # NaN goes to the end
    count = np.isfinite(sizes).sum(axis=0)
    rank = np.ceil(sides[:, None] * (count + 1)).astype(int) - 1
    rank = np.clip(rank, 0, np.maximum(count - 1, 0))
    return np.take_along_axis(ordered, rank, axis=0)


def _finer(points: NDArray[np.float64], grid: Coarse, ahead: int) -> NDArray[np.float64]:
    """Back to rows: each point stands in the middle of its rows. Shape (ahead, k)."""
    if grid.rows == 1:
        return points[:ahead]
    middles = np.arange(len(points), dtype=np.float64) * grid.rows + (grid.rows - 1) / 2
    return _between(middles, points, ahead)


def _between(
    places: NDArray[np.floating], points: NDArray[np.float64], rows: int
) -> NDArray[np.float64]:
    """Draw straight lines through points at places; flat beyond the ends. Shape (rows, k)."""
    if len(places) == 1:
        return np.repeat(points, rows, axis=0)
    at = np.clip(np.arange(rows, dtype=np.float64), places[0], places[-1])
    left = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(places) - 2)
    share = (at - places[left]) / (places[left + 1] - places[left])
    return points[left] * (1 - share[:, None]) + points[left + 1] * share[:, None]
