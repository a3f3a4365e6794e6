"""What happened lately to each container, as the engine told it."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
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

AT_ONCE = timedelta(seconds=2)
"""How far apart an engine that ends asks its containers to stop."""
ENDS_AFTER = timedelta(seconds=5)
"""How long after its last container it is gone itself."""

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

    def engine_ended(self, at: datetime, down: Iterable[Instance]) -> None:
        """Note which of the containers that are down now were taken along by their engine."""
        with self._lock:
            known = {name: tuple(lately) for name, lately in self._by_name.items()}
        for instance in taken_along(known, down, ended_at=at):
            ended = instance.finished_at or at
            what = What.TAKEN_ALONG
            self.add(Happening(what=what, id=instance.id, name=instance.name, at=ended))

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
    if was_taken_along(happenings):
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


def was_taken_along(happenings: Happenings) -> bool:
    """Tell whether its engine ended and stopped it, and nobody started it since."""
    taken = last(happenings, What.TAKEN_ALONG)
    started = last(happenings, What.STARTED)
    return taken is not None and (started is None or started.at <= taken.at)


def taken_along(
    known: Mapping[InstanceName, Happenings], down: Iterable[Instance], *, ended_at: datetime
) -> list[Instance]:
    """Tell which containers an engine stopped because it ended itself.

    It asks all that run to stop at once, and ends right after the last of them. What a person had
    stopped was asked before. A death that nobody heard of happened while the engine let nobody in.

    Args:
        known: What happened to all containers of the engine.
        down: Those that are down now.
        ended_at: When the engine was gone.
    """
    asked = {name: at for name, lately in known.items() if (at := _asked_at(lately)) is not None}
    ends = [
        h.at for lately in known.values() for h in lately if h.what in {What.DIED, What.STOPPED}
    ]
    in_one_go = bool(ends) and abs(ended_at - max(ends)) <= ENDS_AFTER
    asked_all_at = max(asked.values(), default=None) if in_one_go else None
    found: list[Instance] = []
    for one in down:
        if one.name in asked:
            if asked_all_at is not None and asked_all_at - asked[one.name] <= AT_ONCE:
                found.append(one)
        elif _died_unheard(one, known.get(one.name, ()), ended_at - ENDS_AFTER):
            found.append(one)
    return found


def _asked_at(happenings: Happenings) -> datetime | None:
    """Say when it was asked to stop, if that is why it is down."""
    if not was_asked_to_stop(happenings):
        return None
    signals = [h.at for h in happenings if h.what is What.SIGNALLED and h.signal != KILL]
    return signals[-1] if signals else None


def _died_unheard(instance: Instance, happenings: Happenings, since: datetime) -> bool:
    death = last(happenings, What.DIED)
    ended = instance.finished_at
    if ended is None or ended < since:
        return False
    return death is None or ended - death.at > AT_ONCE


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
    """Count how often it died since then without having been asked to."""
    return sum(
        1
        for number, h in enumerate(happenings)
        if h.what is What.DIED and h.at >= since and not _was_asked(happenings[:number], h)
    )


def _was_asked(before: Happenings, death: Happening) -> bool:
    """Tell whether a death was asked for in the run of the container that it ended."""
    for happening in reversed(before):
        if happening.what in {What.STARTED, What.DIED}:
            return False
        if happening.what is What.SIGNALLED and happening.signal in STOP_SIGNALS:
            return death.at - happening.at <= A_STOP_TAKES
    return False
