"""Machines that fill up: a steady growth put on real memory, and who could know of it when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks._recordings import Recording

Values = NDArray[np.float64]

HOUR, DAY = 60, 1440
FULL = 100.0
BEFORE = 3 * HOUR
FALSE_A_DAY = 0.1


@dataclass(frozen=True, slots=True)
class Ramp:
    """A machine that fills up.

    Attributes:
        values: Of its memory, in percent.
        begins: Row from which on it grows.
        touches: Row at which its noise first reaches the capacity.
        full: Row from which on it stands there, half of the time.
    """

    values: Values
    begins: int
    touches: int
    full: int

    def half_way(self, until: int) -> int:
        """Give the row at which half of the time until a row is left (of 24 h, if longer)."""
        return until - min(until - self.begins, DAY) // 2


def ramp(machine: Recording, scale: float, hours: int, *, back: int) -> Ramp:
    """Shrink a machine, and let it fill up in so many hours, as far `back` from its end."""
    values = machine.values * scale
    begins = len(values) - hours * HOUR - HOUR - back
    level = np.nanmedian(values[begins - BEFORE : begins])
    values[begins:] += (FULL - level) * np.arange(len(values) - begins) / (hours * HOUR)
    touches = begins + int(np.flatnonzero(values[begins:] >= FULL)[0])
    return Ramp(values, begins, touches, begins + hours * HOUR)


def growth_alone_tells(ramp: Ramp) -> bool:
    """Ask whether growth alone could tell it half way, to one who knows when it began, how fast.

    Such a one compares what went along with that growth (a matched filter) with what does on the
    same machine when it does not fill up, and has a threshold that gives `FALSE_A_DAY` there.
    """
    rows = ramp.half_way(ramp.touches) - ramp.begins
    shape = np.concatenate([np.zeros(BEFORE), np.arange(rows, dtype=np.float64)])
    shape -= shape.mean()
    clean = ramp.values[: ramp.begins]
    starts = range(0, len(clean) - len(shape), 10)
    usual = np.array([_along(clean[at : at + len(shape)], shape) for at in starts])
    usual = np.nan_to_num(usual, nan=-np.inf)
    allowed = FALSE_A_DAY * len(clean) / DAY
    threshold = next(t for t in np.unique(usual) if _episodes(usual > t) <= allowed)
    seen = ramp.values[ramp.begins - BEFORE : ramp.begins + rows]
    return bool(_along(seen, shape) > threshold)


def _along(values: Values, shape: Values) -> float:
    known = np.isfinite(values)
    if known.mean() < 0.8:  # noqa: PLR2004 most of it
        return float("nan")
    level = np.where(known, values, values[known].mean())
    return float(shape @ (level - level.mean()))


def _episodes(said: NDArray[np.bool_]) -> int:
    return int(said[0]) + int((said[1:] & ~said[:-1]).sum())
