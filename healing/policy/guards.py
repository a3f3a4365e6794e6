"""Which straying matters to a business at all: in the right direction, and far enough.

A model says how rare a value is, and rare is not bad: memory given back is none of our alarms.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healing.anomaly import Scores
from healing.services import Direction, Signal

ONLY_MUCH_IS_BAD = (
    *("cpu", "memory", "rss", "heap", "swap", "disk", "filesystem", "inodes", "descriptors", "fds"),
    *("latency", "duration", "p50", "p90", "p95", "p99", "lag", "queue", "backlog", "saturation"),
    *("error", "errors", "failed", "failures", "timeouts", "retries", "restarts"),
)
"""Words in the name of a signal of which there can be too much and hardly too little."""
WHOLES = {"percent": 100.0, "ratio": 1.0}
"""What a signal may be at most, by its unit or a word of its name."""
SMALL = 0.01
"""Straying by less than this share of the whole is nobody's business."""
NAMED = 3
"""As many signals speak for a row as reasons are given for it."""


def direction_of(signal: Signal) -> Direction:
    """Say which way a signal has to stray: as configured, or as its capacity or name suggests.

    Example:
        >>> direction_of(Signal(name="memory_percent", query="m")).value
        'up'
        >>> direction_of(Signal(name="requests", query="r")).value
        'both'
    """
    if signal.direction is not None:
        return signal.direction
    fills = signal.capacity is not None or not _words(signal.name).isdisjoint(ONLY_MUCH_IS_BAD)
    return Direction.UP if fills else Direction.BOTH


def least_deviation(signal: Signal) -> float:
    """Say how far a signal has to stray, in its unit: as configured, or 1 % of its whole.

    Example:
        >>> least_deviation(Signal(name="errors", query="e", unit="ratio"))
        0.01
    """
    if signal.min_deviation is not None:
        return signal.min_deviation
    if isinstance(signal.capacity, float | int):
        return SMALL * signal.capacity
    return SMALL * (whole_of(signal) or 0.0)


def whole_of(signal: Signal) -> float | None:
    """Say what a share is at most, by its unit or a word of its name; None for what is no share."""
    words = (signal.unit, *_words(signal.name))
    return next((WHOLES[word] for word in words if word in WHOLES), None)


def worth_telling(signals: Sequence[Signal], scores: Scores) -> NDArray[np.bool_]:
    """Say in which rows one of the signals that speak for it strays as configured.

    The strongest three speak for a row, or all of them where none stands out.

    Args:
        signals: What is configured of each signal of the scores, in their order.
        scores: Of n rows.

    Returns:
        Shape (n,).
    """
    off = np.nan_to_num(scores.off)
    least = np.maximum(
        [least_deviation(signal) for signal in signals],
        np.array([signal.min_relative_deviation for signal in signals]) * np.abs(scores.usual),
    )
    ways = [direction_of(signal) for signal in signals]
    up, down = (np.array([way is one for way in ways]) for one in (Direction.UP, Direction.DOWN))
    counts = ~(up & (off <= 0)) & ~(down & (off >= 0)) & (np.abs(off) >= least)
    shares = scores.shares
    third = np.sort(shares, axis=1)[:, -min(NAMED, shares.shape[1]), None]
    speaks = (shares >= third) & ((shares > 0) | (shares.max(axis=1, keepdims=True) == 0))
    return (counts & speaks).any(axis=1)


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.lower()))
