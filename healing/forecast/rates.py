"""How fast slow growth goes on: two guesses, each trusted as far as it foresaw the past.

What has grown goes with a power of the time since growth began, near one; or along a line, which
bends where that is sure. Both look at all of the growth: single jumps, which bend every line
through newer points, hardly change them. Each is drawn at earlier origins too, weighted by how
well it foresaw what followed there, and the interval is what both missed. Growth that feeds on
itself is another matter: neither foresees it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, log1p
from sys import float_info

import numpy as np
from numpy.typing import NDArray

from healing.features import median

Values = NDArray[np.float64]
Guess = Callable[[Values, float], float]
"""Says from the points that are known how fast it grows on average over so many points ahead."""

ORIGINS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
FEWEST_OF_LINE, FEWEST_OF_POWER, FEWEST_OF_BEND = 6, 8, 16
BEGINS = 0.05
"""The first twentieth of growth says little of its power: noise is large beside it."""
NEAR_ONE = 0.04
"""The power differs from one by so much, as a standard deviation, before anything is known."""
POWERS = (0.6, 1.6)
LEAST_SPREAD = 0.07
"""No rate is known better than this, as a share of itself."""
EASILY_MISSED = 0.05
"""A guess that missed by no more is as good as one that hit."""
SHARPNESS = 2.0
SURE_OF_BEND = 3.0
"""Standard errors by which a bend must differ from none."""
BENDS_BY = 1.3
"""A bend changes the rate by this factor at most."""
SURE_OF_RUNNING = 3.0
"""Standard errors by which growth must feed on itself."""
TIMES_AS_FAST = 2.0
"""And it must be so many times as fast as when it began: what has sped up by less may settle."""
SPREAD_OF_RUNNING = 0.25
MOST_ALIKE = 0.95
"""Neighbouring points are taken to go along with each other by no more than this."""
SLOWEST = 1e-6
"""No growth that is believed needs more than a million points to fill what is left."""


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
    slowest = max(SLOWEST * room, float_info.min)
    ahead = max(1.0, room / max(_line(growth), slowest))
    slopes = np.array([max(guess(growth, ahead), slowest) for guess in _GUESSES])
    misses = np.array([_missed(growth, guess) for guess in _GUESSES])
    weights = (_rms(misses) + EASILY_MISSED) ** -SHARPNESS
    weights /= weights.sum()
    return Rate(float(weights @ slopes), max(float(_rms(weights @ misses)), LEAST_SPREAD))


def _as_power(growth: Values, ahead: float) -> float:
    """Let what has grown go on as a power of the time since it began."""
    known = np.flatnonzero(np.isfinite(growth))
    if len(known) < FEWEST_OF_POWER:
        return _line(growth)
    # Growth is counted from the first three points, whose middle is the second one.
    time = known - known[0] - 1.0
    grown = growth[known] - float(median(growth[known[:3], None])[0])
    lasted, stands = time[-1], float(median(grown[-3:, None])[0])
    told = (time >= max(2.0, BEGINS * lasted)) & (grown > 0)
    if told.sum() < FEWEST_OF_LINE or stands <= 0:
        return _line(growth)
    x, y = np.log(time[told]), np.log(grown[told])
    x -= x.mean()
    spread = float(x @ x)
    power = float(x @ y) / spread
    doubt = _variance(y - y.mean() - power * x, 2) / spread / NEAR_ONE**2
    power = float(np.clip((power + doubt) / (1 + doubt), *POWERS))
    # The newest points stand where growth was one point before its end.
    return stands * ((1 + ahead / (lasted - 1)) ** power - 1) / ahead


def _as_line(growth: Values, ahead: float) -> float:
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
    speeds_up = 2 * bend / half**2
    now = float(fitted[1]) / half + speeds_up * (len(growth) - 1 - place.mean())
    bent = min(max(now + speeds_up * ahead / 2, line / BENDS_BY), line * BENDS_BY)
    return line ** (1 - sure) * bent**sure


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
    variance = _variance(y - design @ fitted, 3)
    return fitted, float(np.sqrt(variance * np.linalg.inv(design.T @ design)[2, 2]))


def _variance(rest: Values, fitted: int) -> float:
    """Give the variance of what a fit of so many parameters leaves, as if points were independent.

    Points that go along with their neighbours tell as much as fewer points that do not.
    """
    power = max(float(rest @ rest), 1e-24)
    alike = min(max(float(rest[:-1] @ rest[1:]) / power, 0.0), MOST_ALIKE)
    return power / (len(rest) - fitted) * (1 + alike) / (1 - alike)


def _line(points: Values) -> float:
    """Measure growth per point, small jumps that are a part of it included (least squares)."""
    x = np.flatnonzero(np.isfinite(points)).astype(np.float64)
    y = points[np.isfinite(points)]
    x -= x.mean() if x.size else 0.0
    return float(x @ y / (x @ x)) if len(x) > 1 else 0.0


_GUESSES: tuple[Guess, ...] = (_as_power, _as_line)


def _missed(growth: Values, guess: Guess) -> Values:
    """Log of the true rate over the foreseen one, at each origin; 0 where none was foreseen."""
    found = np.zeros(len(ORIGINS))
    for number, origin in enumerate(ORIGINS):
        end = round(origin * len(growth))
        seen, coming = growth[:end], growth[end - 1 :]
        if end < FEWEST_OF_LINE or np.isfinite(coming).sum() < 2:  # noqa: PLR2004 a line
            continue
        start, stop = (float(median(part[-3:, None])[0]) for part in (seen, growth))
        true = (stop - start) / max(1, len(growth) - end)
        foreseen = guess(seen, float(len(growth) - end))
        if foreseen > 0 and true > 0:
            found[number] = log(true / foreseen)
    return found


def _rms(values: Values) -> Values:
    return np.sqrt(np.mean(values**2, axis=-1))
