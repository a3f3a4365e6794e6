"""How fast slow growth goes on: several guesses, each trusted as far as it foresaw the past.

Lines through the newest quarter, half and all of the growth, and one line that bends. Each is
drawn at earlier origins too, and weighted by how well it foresaw what followed there. Growth that
feeds on itself is another matter: no line foresees it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import log1p

import numpy as np
from numpy.typing import NDArray

from healing.features import median

Values = NDArray[np.float64]
Guess = Callable[[Values, float], float]
"""Says from the points that are known how fast it grows on average over so many points ahead."""

ORIGINS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SHARES = (0.25, 0.5, 1.0)
"""Lines are drawn through the newest quarter, half and all of the growth."""
FEWEST_OF_LINE, FEWEST_OF_BEND = 6, 16
LEAST_SPREAD = 0.09
"""No rate is known better than this, as a share of itself."""
AT_MOST = 0.05
"""The rate is corrected by what foresight missed before, up to this logarithm."""
SHARPNESS = 2.0
SURE_OF_BEND = 6.0
"""Standard errors by which a bend must differ from none: a single jump looks like one too."""
BENDS_BY = 1.3
"""A bend changes the rate by this factor at most."""
SURE_OF_RUNNING = 3.0
"""Standard errors by which growth must feed on itself."""
TIMES_AS_FAST = 2.0
"""And it must be so many times as fast as when it began: what has sped up by less may settle."""
SPREAD_OF_RUNNING = 0.25
MOST_ALIKE = 0.95
"""Neighbouring points are taken to go along with each other by no more than this."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast it grows.

    Attributes:
        slope: Growth per point, on average until it is full.
        spread: Standard deviation of its logarithm.
    """

    slope: float
    spread: float


def rate_of(growth: Values, room: float) -> Rate:
    """Say how fast growth goes on.

    Args:
        growth: Points since it began, the newest last; NaN is a gap. Shape (p,).
        room: What is left until it is full.
    """
    if (running := _runs_away(growth, room)) is not None:
        return Rate(running, SPREAD_OF_RUNNING)
    ahead = max(1.0, room / max(_line(growth), 1e-12))
    slopes = np.array([guess(growth, ahead) for guess in _GUESSES])
    misses = np.array([_missed(growth, guess) for guess in _GUESSES])
    errors = np.nan_to_num(median(np.abs(misses).T), nan=1.0) + LEAST_SPREAD
    weights = np.where(slopes > 0, errors**-SHARPNESS, 0.0)
    slope = float(slopes @ weights / weights.sum()) if weights.sum() else float(slopes[-1])
    known = np.isfinite(misses) * weights[:, None]
    mixed = (np.nan_to_num(misses) * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1e-12)
    # Ageing speeds up: what was foreseen too slow before, each time, is too slow now.
    slope *= float(np.exp(np.clip(np.median(mixed), -AT_MOST, AT_MOST)))
    spread = max(LEAST_SPREAD, float(np.linalg.norm(mixed)) / len(ORIGINS) ** 0.5)
    return Rate(slope, spread)


def _straight(growth: Values, _ahead: float, *, share: float) -> float:
    span = max(FEWEST_OF_LINE, round(share * len(growth)))
    return _line(growth[-span:])


def _bent(growth: Values, ahead: float) -> float:
    """Let the rate change as it has changed, as far as that is sure (James-Stein)."""
    line = _line(growth)
    known = np.isfinite(growth)
    if line <= 0 or known.sum() < FEWEST_OF_BEND:
        return line
    place = np.flatnonzero(known).astype(np.float64)
    half = (place[-1] - place[0]) / 2
    x = (place - place.mean()) / half
    fitted, error = _fit(growth[known], x, x * x - (x * x).mean())
    bend = float(fitted[2])
    sure = max(0.0, 1 - (SURE_OF_BEND * error / bend) ** 2) if bend else 0.0
    speeds_up = sure * 2 * bend / half**2
    now = float(fitted[1]) / half + speeds_up * (len(growth) - 1 - place.mean())
    return min(max(now + speeds_up * ahead / 2, line / BENDS_BY), line * BENDS_BY)


def _runs_away(growth: Values, room: float) -> float | None:
    """Give the rate of growth that feeds on itself until it is full; None where it is none.

    It grows by so much, and by a share of what it has grown: what it has grown is then a line, and
    that share of the area below itself, which noise hardly touches.
    """
    place = np.flatnonzero(np.isfinite(growth))
    rise = float(growth[place[-1]] - growth[place[0]]) if place.size else 0.0
    if len(place) < FEWEST_OF_BEND or rise <= 0 or room <= 0:
        return None
    spans, left = len(growth) - 1, room / rise
    x = np.arange(spans + 1) / spans
    y = (np.interp(x * spans, place, growth[place]) - growth[place[0]]) / rise
    area = np.r_[0.0, np.cumsum((y[1:] + y[:-1]) / 2)] / spans
    (base, rate, share), error = _fit(y, x, area)
    began = rate + share * base
    now = began + share * (rate + share * float(area[-1]))
    if share <= SURE_OF_RUNNING * error or now <= TIMES_AS_FAST * max(began, 0.0):
        return None
    return share * left / log1p(share * left / now) * rise / spans


def _fit(y: Values, x: Values, more: Values) -> tuple[Values, float]:
    """Fit y by a line on x and so many times `more`: these three, and the error of the last."""
    design = np.column_stack([np.ones(len(x)), x, more])
    fitted = np.linalg.lstsq(design, y, rcond=None)[0].astype(np.float64)
    rest = y - design @ fitted
    power = max(float(rest @ rest), 1e-24)
    alike = min(max(float(rest[:-1] @ rest[1:]) / power, 0.0), MOST_ALIKE)
    # Points that go along with their neighbours tell as much as fewer points that do not.
    variance = power / (len(x) - 3) * (1 + alike) / (1 - alike)
    return fitted, float(np.sqrt(variance * np.linalg.inv(design.T @ design)[2, 2]))


_GUESSES: tuple[Guess, ...] = (*(partial(_straight, share=share) for share in SHARES), _bent)


def _line(points: Values) -> float:
    """Measure growth per point, small jumps that are a part of it included (least squares)."""
    x = np.flatnonzero(np.isfinite(points)).astype(np.float64)
    y = points[np.isfinite(points)]
    x -= x.mean() if x.size else 0.0
    return float(x @ y / (x @ x)) if len(x) > 1 else 0.0


def _missed(growth: Values, guess: Guess) -> Values:
    """Log of the true rate over the foreseen one, at each origin; NaN where none was foreseen."""
    found = np.full(len(ORIGINS), np.nan)
    for number, origin in enumerate(ORIGINS):
        end = round(origin * len(growth))
        seen, coming = growth[:end], growth[end - 1 :]
        if end < FEWEST_OF_LINE or np.isfinite(coming).sum() < 2:  # noqa: PLR2004 a line
            continue
        start, stop = (float(median(part[-3:, None])[0]) for part in (seen, growth))
        true = (stop - start) / max(1, len(growth) - end)
        foreseen = guess(seen, float(len(growth) - end))
        if foreseen > 0 and true > 0:
            found[number] = np.log(true / foreseen)
    return found
