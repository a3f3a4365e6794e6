"""What happened lately to each container, as the engine told it."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from healing.instances import Happening, Instance, What
from healing.names import InstanceName

KEEP_PER_CONTAINER = 64
STOP_SIGNALS = frozenset({1, 2, 3, 15})
"""HUP, INT, QUIT, TERM: what asks a process to end; a crash never sends them."""
KILL = 9
A_KILL_TAKES = timedelta(seconds=10)
A_STOP_TAKES = timedelta(minutes=5)
"""The longest time between being asked to stop and ending that we still call a stop."""

Happenings: TypeAlias = tuple[Happening, ...]


class Chronicle:
    """Remembers the last happenings of each container. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[InstanceName, deque[Happening]] = defaultdict(
            lambda: deque(maxlen=KEEP_PER_CONTAINER)
        )

    def add(self, happening: Happening) -> bool:
        """Take one in. Returns False when it was already known, as after a reconnect."""
        with self._lock:
            known = self._by_name[happening.name]
            if happening in known:
                return False
            known.append(happening)
            return True

    def of(self, instance: InstanceName) -> Happenings:
        """List what happened to one container, oldest first."""
        with self._lock:
            return tuple(self._by_name.get(instance, ()))

    def forget(self, keep: Iterable[InstanceName]) -> None:
        """Forget containers that are neither in `keep` nor happened to within the last hour."""
        names = set(keep)
        with self._lock:
            newest = max((h[-1].at for h in self._by_name.values() if h), default=None)
            for name in list(self._by_name):
                events = self._by_name[name]
                old = newest is None or not events or newest - events[-1].at > timedelta(hours=1)
                if name not in names and old:
                    del self._by_name[name]


def last(happenings: Happenings, *what: What) -> Happening | None:
    """Find the latest happening of one of these kinds."""
    return next((h for h in reversed(happenings) if h.what in what), None)


def up_since(instance: Instance, happenings: Happenings) -> datetime | None:
    """Say since when it can be well at the earliest: its start, or the end of what kept it."""
    freed = last(happenings, What.UNPAUSED, What.HEALTHY)
    return max((at for at in (instance.started_at, freed and freed.at) if at), default=None)


def was_asked_to_stop(happenings: Happenings) -> bool:
    """Tell whether the last death followed a request to stop, and nobody started it since.

    A stop shows as a signal that asks (TERM, or what the image names), then the death, then
    `stopped`. A `docker kill` shows only the KILL signal and the death: that is an outage.
    """
    death = last(happenings, What.DIED)
    if death is None:
        return False
    started = last(happenings, What.STARTED)
    if started is not None and started.at > death.at:
        return False
    stopped = last(happenings, What.STOPPED)
    if stopped is not None and stopped.at >= death.at:
        return True
    asked = [
        h
        for h in happenings
        if h.what is What.SIGNALLED
        and h.signal in STOP_SIGNALS
        and timedelta(0) <= death.at - h.at <= A_STOP_TAKES
    ]
    return bool(asked)


def was_killed(happenings: Happenings) -> bool:
    """Tell whether somebody sent the KILL signal right before the last death, without asking."""
    death = last(happenings, What.DIED)
    if death is None or was_asked_to_stop(happenings):
        return False
    return any(
        h.what is What.SIGNALLED and h.signal == KILL and abs(death.at - h.at) < A_KILL_TAKES
        for h in happenings
    )


def deaths(happenings: Happenings, *, since: datetime) -> int:
    """Count how often it died since then."""
    return sum(1 for h in happenings if h.what is What.DIED and h.at >= since)
