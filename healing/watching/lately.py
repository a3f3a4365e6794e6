"""How strange each service was lately: the scores of the last day, held in memory.

A look scores the newest rows only; a mean over an hour, and how often it was strange in a day, come
from what the looks before it said.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.failure import rarity
from healing.failure.strange import LATELY, RARE
from healing.names import ServiceName
from healing.watching.fading import Fading

HOUR, DAY = 3600, 86_400
PART_OF_HOUR, FEWEST_OF_DAY = 0.5, 200
"""Of an hour this share of rows must be known, of a day so many, to say something of it."""


@dataclass(frozen=True, slots=True)
class Strangeness:
    """How strange one service was; NaN where that is not known.

    Attributes:
        strangest: Of the newest rows, -log10 p.
        hour: Mean over an hour, -log10 p.
        times: How many times more often than expected it was strange in a day.
    """

    strangest: float = float("nan")
    hour: float = float("nan")
    times: float = float("nan")


class Lately:
    """Remembers a day of scores for each service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = Fading[ServiceName, tuple[int, NDArray[np.float32]]]()

    def take(
        self, service: ServiceName, scores: NDArray[np.float64], *, end: int, step: int
    ) -> None:
        """Take in the newest scores of a service.

        Args:
            service: Whose they are.
            scores: NaN where unknown. Shape (n,).
            end: Time of the last of them, in seconds since the epoch; on the grid.
            step: Seconds from one to the next.
        """
        rows = max(1, DAY // step)
        row = end // step
        with self._lock:
            nothing = row, np.full(rows, np.nan, np.float32)
            last, known = self._known.get(service) or nothing
            moved = row - last
            if len(known) != rows or not 0 <= moved < rows:
                known = np.full(rows, np.nan, np.float32)
            elif moved:
                known = np.r_[known[moved:], np.full(moved, np.nan, np.float32)]
            newest = rarity(scores[-rows:]).astype(np.float32)
            if newest.size:
                measured = np.isfinite(newest)
                known[-newest.size :][measured] = newest[measured]
            self._known.keep(service, (row, known), at=end)

    def of(self, service: ServiceName) -> Strangeness:
        """Say how strange a service was lately."""
        with self._lock:
            found = self._known.get(service)
            known = found[1].astype(np.float64) if found else np.empty(0)
        an_hour = max(1, len(known) * HOUR // DAY)
        newest, hour = known[-LATELY:], known[-an_hour:]
        newest, hour, day = (part[np.isfinite(part)] for part in (newest, hour, known))
        return Strangeness(
            strangest=float(newest.max()) if newest.size else float("nan"),
            hour=float(hour.mean()) if hour.size >= PART_OF_HOUR * an_hour else float("nan"),
            times=float((day >= RARE).mean() / 10**-RARE)
            if day.size >= FEWEST_OF_DAY
            else float("nan"),
        )

    def worst_of(self, services: tuple[ServiceName, ...]) -> float:
        """Give the strangest row of any of these, -log10 p; 0 of none, NaN where unknown."""
        if not services:
            return 0.0
        known = [self.of(name).strangest for name in services]
        return max((one for one in known if np.isfinite(one)), default=float("nan"))
