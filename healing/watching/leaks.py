"""Ask of each signal that a process holds on to whether it leaks."""

from collections.abc import Collection
from datetime import datetime

from healing.history import History
from healing.leak import Leak, find_leak
from healing.names import SignalName
from healing.services import Signal

HELD = ("memory", "heap", "rss", "resident", "connection", "descriptor", "thread")
"""What a process holds on to and may not give back, by what the name of a signal says."""
LOADS = ("requests", "throughput", "load", "rps")
RESIDENTS = ("rss", "resident")


def leak_of(
    history: History,
    signal: Signal,
    capacity: float,
    *,
    now: datetime,
    restarts: Collection[datetime],
) -> Leak | None:
    """Say whether a signal leaks; None when it is nothing that can.

    Load is set apart where a signal of the service is named `requests`, `throughput`, `load` or
    `rps`, and page cache where one is named `rss` or `resident`.
    """
    if not any(word in signal.name for word in HELD) or not 0 < capacity < float("inf"):
        return None
    return find_leak(
        history,
        signal.name,
        capacity,
        now=now,
        load=_named(history, LOADS),
        resident=_named(history, RESIDENTS) if "memory" in signal.name else None,
        restarts=restarts,
        unit=signal.unit,
    )


def _named(history: History, words: Collection[str]) -> SignalName | None:
    return next((name for name in history.signals if any(word in name for word in words)), None)
