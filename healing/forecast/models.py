"""The models that compete: each says where many series go, from their past alone.

All take points of shape (n, k) and give (ahead, k). Sources: Hyndman and Athanasopoulos (2021),
Forecasting: Principles and Practice, for the damped trend and the theta method.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healing.forecast.coarse import Coarse

Points = NDArray[np.float64]
Forecasts = Callable[[Coarse, int], Points]

HARMONICS_OF_DAY, HARMONICS_OF_WEEK = 6, 3
PENALTY = 1e-3
REMEMBERS = 0.98
"""What a point still says of the next one, where the day's shape is left out."""
DAYS_AVERAGED = 4
SMOOTHINGS = (0.05, 0.2, 0.5)
TREND_SMOOTHING, DAMPING = 0.1, 0.97
SHORT = 240
"""A drift is measured over so many points at most."""
MOST_SMOOTHED = 2 * SHORT
"""Smoothing forgets older points."""
TRANSFORMED = 1024
"""A power of two, at least twice as many: what is wrapped around falls beyond the rows."""


class Model(StrEnum):
    """Which model. Also the word shown to people."""

    SEASONAL_NAIVE = "seasonal naive"
    """As a day (or a week) ago; as now, where no day's shape is known."""
    SEASONAL_MEAN = "usual day"
    """As on the last days, with the level carried over from now."""
    HARMONICS = "ridge with harmonics"
    DAMPED = "damped Holt"
    THETA = "theta"


def seasonal_naive(past: Coarse, ahead: int) -> Points:
    """Repeat the last day, or the newest point where no day is known."""
    season = past.day or 1
    rows = len(past.values) - season + np.arange(ahead) % season
    return past.values[rows]


def seasonal_mean(past: Coarse, ahead: int) -> Points:
    """Repeat the average of the last days, off by what now is off, less and less so."""
    shape = _shape(past)
    season = len(shape)
    now = len(past.values)
    usual = shape[(now + np.arange(ahead)) % season]
    newest = max(1, min(season // 24, 12))
    off = past.values[-newest:] - shape[np.arange(now - newest, now) % season]
    fading = REMEMBERS ** np.arange(1, ahead + 1)
    return usual + fading[:, None] * off.mean(axis=0)


def harmonics(past: Coarse, ahead: int) -> Points:
    """Fit level, trend and smooth shapes of day and week; start from where it stands."""
    n = len(past.values)
    design = _design(past, n + ahead)
    seen, coming = design[:n], design[n:]
    weights: Points = 0.5 ** ((n - 1 - np.arange(n)) / max(4 * past.day, n / 3))
    weighted: Points = (seen * weights[:, None]).T
    ridge = np.full(design.shape[1], PENALTY * float(weights.sum()))
    ridge[0] = 0.0
    gram = weighted @ seen + np.diag(ridge)
    beta = np.linalg.solve(gram, weighted @ past.values).astype(np.float64)
    off: Points = past.values[-1] - seen[-1] @ beta
    fading = REMEMBERS ** np.arange(1, ahead + 1)
    return coming @ beta + fading[:, None] * off


def damped(past: Coarse, ahead: int) -> Points:
    """Follow level and trend (Holt), the trend fading, on top of the day's shape."""
    shape, rest = _apart(past)
    level, trend = _smoothed(rest, TREND_SMOOTHING)
    fading = np.cumsum(DAMPING ** np.arange(1, ahead + 1))
    return level + fading[:, None] * trend + _coming(past, shape, ahead)


def theta(past: Coarse, ahead: int) -> Points:
    """Follow the level, with half of the drift of the past (theta), on top of the day's shape."""
    shape, rest = _apart(past)
    level, _ = _smoothed(rest, 0.0)
    recent = rest[-max(SHORT, 2 * past.day) :]
    x = np.arange(len(recent)) - (len(recent) - 1) / 2
    drift = x @ recent / max(float(x @ x), 1.0)
    return level + np.arange(1, ahead + 1)[:, None] * drift / 2 + _coming(past, shape, ahead)


MODELS: Mapping[Model, Forecasts] = {
    Model.SEASONAL_NAIVE: seasonal_naive,
    Model.SEASONAL_MEAN: seasonal_mean,
    Model.HARMONICS: harmonics,
    Model.DAMPED: damped,
    Model.THETA: theta,
}


def _shape(past: Coarse) -> Points:
    """Give the usual day, indexed by row modulo its length. Shape (day, k), or (1, k)."""
    season = past.day or 1
    n = len(past.values)
    days = min(DAYS_AVERAGED, n // season) if past.day else min(DAYS_AVERAGED, n)
    rows = np.arange(n - days * season, n)
    averaged = past.values[rows].reshape(days, season, -1).mean(axis=0)
    return np.roll(averaged, (n - days * season) % season, axis=0)


def _apart(past: Coarse) -> tuple[Points, Points]:
    """Set the day's shape apart; what is left has a level of its own. Shapes (s, k), (n, k)."""
    if not past.day:
        return np.zeros((1, past.values.shape[1])), past.values
    shape = _shape(past)
    shape = shape - shape.mean(axis=0)
    return shape, past.values - shape[np.arange(len(past.values)) % past.day]


def _coming(past: Coarse, shape: Points, ahead: int) -> Points:
    return shape[(len(past.values) + np.arange(ahead)) % len(shape)]


def _smoothed(rest: Points, trend_smoothing: float) -> tuple[Points, Points]:
    """Smooth with each of a few factors, and keep for each series the one that foresaw best."""
    recent = rest[-MOST_SMOOTHED:]
    moved = recent[1:] - recent[0]
    response = _response(trend_smoothing)
    errors = np.fft.irfft(
        response.errors[:, :, None] * np.fft.rfft(moved, TRANSFORMED, axis=0), TRANSFORMED, axis=1
    )
    best = np.argmin(np.abs(errors[:, : len(moved)]).sum(axis=1), axis=0)
    backwards = slice(MOST_SMOOTHED - len(moved), None)
    level, trend = (part[:, backwards] @ moved for part in (response.level, response.trend))
    columns = np.arange(len(best))
    return recent[0] + level[best, columns], trend[best, columns]


@dataclass(frozen=True, slots=True, eq=False)
class _Response:
    """What one row that differs does to the rows after it: smoothing adds up what all of them do.

    Attributes:
        errors: Fourier transform of what it adds to the errors of the rows after it. For each of
            `SMOOTHINGS`.
        level: What it adds to the level, the newest row last. Shape (smoothings, rows).
        trend: Likewise to the trend.
    """

    errors: NDArray[np.complex128]
    level: Points
    trend: Points


@lru_cache
def _response(trend_smoothing: float) -> _Response:
    alpha = np.array(SMOOTHINGS)
    level, trend = np.zeros(len(alpha)), np.zeros(len(alpha))
    told = np.empty((3, len(alpha), MOST_SMOOTHED))
    for row in range(MOST_SMOOTHED):
        expected = level + DAMPING * trend
        error = (row == 0) - expected
        level = expected + alpha * error
        trend = DAMPING * trend + trend_smoothing * alpha * error
        told[:, :, row] = error, level, trend
    errors, levels, trends = told
    spectrum = np.fft.rfft(errors, TRANSFORMED, axis=1)
    return _Response(spectrum, levels[:, ::-1].copy(), trends[:, ::-1].copy())


def _design(past: Coarse, rows: int) -> Points:
    """Columns: one, the trend, sine and cosine of day and week."""
    time = np.arange(rows, dtype=np.float64)
    columns = [np.ones(rows), (time - len(past.values)) / max(1, len(past.values))]
    for season, count in ((past.day, HARMONICS_OF_DAY), (past.week, HARMONICS_OF_WEEK)):
        if season:
            turns = 2 * np.pi * np.outer(time / season, np.arange(1, count + 1))
            columns += [*np.sin(turns).T, *np.cos(turns).T]
    return np.column_stack(columns)
