"""Counters: numbers that only grow, until their process starts anew."""

import re

import numpy as np
from numpy.typing import NDArray

_STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
_BARE_COUNTER = re.compile(rf"\s*[a-zA-Z_:][\w:]*_total\s*(\{{(?:[^{{}}\"'`]|{_STRING})*\}})?\s*")


def is_counter(query: str) -> bool:
    """Whether a query asks for a counter as it is: a bare selector whose name ends in `_total`.

    Such a query is read as its rate per second, which is what its author means.

    Example:
        >>> is_counter('http_requests_total{service="api"}')
        True
        >>> is_counter('rate(http_requests_total{service="api"}[5m])')
        False
    """
    return _BARE_COUNTER.fullmatch(query) is not None


def per_second(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Turn a counter into its rate per second over each step.

    A value below the one before it means that the counter began again at zero. A rate is known only
    where the row before is known too.

    Args:
        values: Shape (n,), NaN where nothing was measured.
        step: Seconds from one row to the next.

    Returns:
        Shape (n,); the first is always NaN.

    Source:
        Prometheus treats resets in `rate()` and `increase()` in the same way.

    Example:
        >>> per_second(np.array([10.0, 40, 70, 30, np.nan, 90, 120]), 30).tolist()
        [nan, 1.0, 1.0, 1.0, nan, nan, 1.0]
    """
    grown = np.full(values.shape, np.nan)
    before, after = values[:-1], values[1:]
    grown[1:] = np.where(after < before, after, after - before)
    grown[1:][np.isnan(before)] = np.nan
    return grown / step
