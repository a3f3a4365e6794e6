"""The signs of each look, kept on a coarse grid, so that it can be learnt what they led to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.failure import HORIZONS, SIGNS, Sign, Signs
from healing.history import History
from healing.names import ServiceName, SignalName
from healing.ports import HistoryStore

STEP = 300
"""Seconds; the first look in each such stretch is kept."""
KEPT = timedelta(days=28)
AFTER = SignalName("seconds after the grid")
"""When, after the time of its row, the look was: nobody may learn from what came later."""
_PLAIN = [sign for sign in SIGNS if sign is not Sign.EXHAUSTION]
_FULL = [SignalName(f"{Sign.EXHAUSTION} within {int(h.total_seconds())} s") for h in HORIZONS]
COLUMNS = (AFTER, *(SignalName(sign) for sign in _PLAIN), *_FULL)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """What was seen of one service, look by look, oldest first.

    Attributes:
        times: Seconds since the epoch. Shape (n,).
        rows: Of signs, NaN where unknown. Shape (n, h, k).
    """

    times: NDArray[np.float64]
    rows: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Remembered:
    """Keeps the signs of looks, one row in five minutes and four weeks of them."""

    store: HistoryStore

    def keep(self, service: ServiceName, signs: Signs, *, now: datetime) -> None:
        """Keep a look, unless one of the same five minutes is kept already.

        Raises:
            SetupError: It cannot be written.
        """
        seconds = now.timestamp()
        at = int(seconds) // STEP * STEP
        row = signs.row()
        line = [seconds - at, *(row[0, SIGNS.index(sign)] for sign in _PLAIN)]
        line += row[:, SIGNS.index(Sign.EXHAUSTION)].tolist()
        look = History(start=at, step=STEP, signals=COLUMNS, values=np.array([line], np.float32))
        self.store.extend(service, look, most=int(KEPT.total_seconds()) // STEP)

    def of(self, service: ServiceName) -> Looks:
        """Give what was kept of a service; of none, and of another make, there are no looks."""
        known = self._known(service)
        if known is None:
            return Looks(times=np.empty(0), rows=np.empty((0, len(HORIZONS), len(SIGNS))))
        after = known.column(AFTER).astype(np.float64)
        looked = np.isfinite(after)
        rows = np.full((int(looked.sum()), len(HORIZONS), len(SIGNS)), np.nan)
        for sign in _PLAIN:
            rows[:, :, SIGNS.index(sign)] = known.column(SignalName(sign))[looked, None]
        full = [known.column(name)[looked] for name in _FULL]
        rows[:, :, SIGNS.index(Sign.EXHAUSTION)] = np.stack(full, axis=1)
        return Looks(times=(known.times + after)[looked], rows=rows)

    def _known(self, service: ServiceName) -> History | None:
        known = self.store.load(service)
        fits = known is not None and (known.step, known.signals) == (STEP, COLUMNS)
        return known if fits else None
