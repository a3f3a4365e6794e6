"""Whose turn it is: work cut into shards, and learning spread over the day."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.names import ServiceName

HOURS = 24
RARE = 0.5
"""A score that one row in a hundred reaches in ordinary times."""
NOMINAL = 0.01
TOO_OFTEN, TOO_SELDOM = 3.0, 0.3
"""Times the nominal share from which, and below which, a model is out of date."""
FEWEST, FEWEST_FOR_SELDOM = 200, 2000
"""Scores from which so much can be said; what is seldom takes more of them."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the services: what one task works on."""

    number: int
    """From 1."""
    of: int
    names: tuple[ServiceName, ...]

    def __str__(self) -> str:
        """Say which of how many; nothing when it is the only one."""
        return f" ({self.number} of {self.of})" if self.of > 1 else ""


def shards(names: Sequence[ServiceName], size: int) -> tuple[Shard, ...]:
    """Cut services into shards of about `size`, by a hash of the name that never changes.

    Example:
        >>> [len(shard.names) for shard in shards([ServiceName(f"s{n}") for n in range(300)], 100)]
        [106, 101, 93]
    """
    count = max(1, -(-len(names) // size))
    parts = [[name for name in names if _hash(name) % count == part] for part in range(count)]
    filled = [tuple(part) for part in parts if part]
    return tuple(Shard(number, len(filled), part) for number, part in enumerate(filled, start=1))


def has_its_turn(name: ServiceName, hour: int) -> bool:
    """Say whether a service is learnt anew in this hour of the day (UTC): once a day, each its own.

    Example:
        >>> sum(has_its_turn(ServiceName("api"), hour) for hour in range(24))
        1
    """
    return _hash(name) % HOURS == hour


def drift(scores: NDArray[np.float64]) -> str:
    """Say in one sentence how recent scores show that a model is out of date; empty when not.

    A score of 0.5 is one row in a hundred. Where far more rows reach it for a day, or far fewer,
    what was usual is usual no more.

    Args:
        scores: Of the last day, NaN where unknown. Shape (n,).

    Example:
        >>> drift(np.repeat([0.1, 0.6], [900, 100]))
        '10 % of the last rows were as strange as 1 % should be'
        >>> drift(np.full(500, 0.9))
        '100 % of the last rows were as strange as 1 % should be'
        >>> drift(np.full(500, 0.1))
        ''
    """
    known = scores[np.isfinite(scores)]
    if known.size < FEWEST:
        return ""
    share = float((known >= RARE).mean())
    seldom = share < TOO_SELDOM * NOMINAL and known.size >= FEWEST_FOR_SELDOM
    if share > TOO_OFTEN * NOMINAL or seldom:
        return f"{100 * share:.3g} % of the last rows were as strange as 1 % should be"
    return ""


def _hash(name: ServiceName) -> int:
    return zlib.crc32(name.encode())
