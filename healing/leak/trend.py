"""Whether points rise, how fast, and how surely, although they depend on one another.

Sources: Mann (1945), Kendall (1975); Hamed and Rao (1998) for the correction of the variance for
autocorrelation; Sen (1968) for the slope and its interval.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
FEWEST_POINTS = 10
SIGNIFICANT, NINETY_FIVE = 1.96, 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How points rise.

    Attributes:
        slope: Growth per point (Sen).
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: How likely so much of a rise is by chance alone, 0 to 1 (two-sided).
    """

    slope: float
    low: float
    high: float
    p: float


def trend_of(points: Values) -> Trend:
    """Measure the trend of points; NaN is left out. A trend of fewer than ten points is nothing."""
    place = np.flatnonzero(np.isfinite(points)).astype(np.float64)
    value = points[np.isfinite(points)]
    n = len(value)
    if n < FEWEST_POINTS:
        return Trend(slope=0.0, low=0.0, high=0.0, p=1.0)
    earlier, later = np.triu_indices(n, k=1)
    rise = value[later] - value[earlier]
    slopes = np.sort(rise / (place[later] - place[earlier]))
    slope = float(np.median(slopes))
    ties = np.unique(value, return_counts=True)[1].astype(np.float64)
    variance = (n * (n - 1) * (2 * n + 5) - float(np.sum(ties * (ties - 1) * (2 * ties + 5)))) / 18
    variance *= _inflation(value - slope * place)
    if variance <= 0:
        return Trend(slope=0.0, low=0.0, high=0.0, p=1.0)
    s = float(np.sign(rise).sum())
    z = (s - np.sign(s)) / sqrt(variance)
    aside = NINETY_FIVE * sqrt(variance)
    low, high = (
        slopes[int(np.clip(round((len(slopes) + side * aside) / 2), 0, len(slopes) - 1))]
        for side in (-1, 1)
    )
    return Trend(slope=slope, low=float(low), high=float(high), p=erfc(abs(z) / sqrt(2)))


def _inflation(rest: Values) -> float:
    """Say by how much neighbours that are alike make the variance larger; never less than 1."""
    n = len(rest)
    ranks = np.argsort(np.argsort(rest)).astype(np.float64)
    ranks -= ranks.mean()
    power = float(ranks @ ranks)
    if power <= 0:
        return 1.0
    lags = np.arange(1, n // 3)
    alike = np.array([float(ranks[lag:] @ ranks[:-lag]) / power for lag in lags])
    alike = np.where(np.abs(alike) > SIGNIFICANT / sqrt(n), alike, 0.0)
    left = n - lags
    added = float(np.sum(left * (left - 1) * (left - 2) * alike))
    return max(1.0, 1 + 2 * added / (n * (n - 1) * (n - 2)))
