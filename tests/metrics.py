"""Made-up measurements: ordinary days of a service, and what happens to them."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from healing.history import History
from healing.names import SignalName

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
MIB = 2.0**20
DAY = 86_400

CPU, MEMORY, LATENCY = SignalName("cpu"), SignalName("memory"), SignalName("latency")


def history_of(step: int = 60, *, end: int = EPOCH, **columns: ArrayLike) -> History:
    """Build a history that ends at noon from columns by signal name."""
    values = np.column_stack([np.asarray(column, float) for column in columns.values()])
    return History(
        start=end - (len(values) - 1) * step,
        step=step,
        signals=tuple(SignalName(name) for name in columns),
        values=values.astype(np.float32),
    )


def ordinary(rows: int, *, step: int = 60, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Make rows of a service that is well: load by the time of day, memory flat, some noise."""
    noise = np.random.default_rng(seed)
    times = EPOCH - step * np.arange(rows)[::-1]
    load = 1 + 0.5 * np.sin(2 * np.pi * times / DAY)
    return {
        "cpu": 0.3 * load + 0.01 * noise.standard_normal(rows),
        "memory": 100 * MIB + MIB * noise.standard_normal(rows),
        "latency": 0.05 * load * np.exp(0.05 * noise.standard_normal(rows)),
    }
