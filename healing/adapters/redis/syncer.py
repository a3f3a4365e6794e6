"""The one thread of a process that talks to Redis for its breakers, so that no call ever does.

It adds up what was counted, hears of changes, fetches trials that calls have asked for, and tells
how they ended: all of it in one round trip per turn. What each answer means stands in `seat.py`.
"""

import atexit
import contextlib
import logging
import os
import random
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable

from healing.adapters.redis.breakers import BreakerStore
from healing.adapters.redis.ears import Ears
from healing.adapters.redis.seat import Errand, Seat
from healing.breakers import Breaker
from healing.errors import StateUnavailableError

_log = logging.getLogger(__name__)
EVERY = 0.5
"""Seconds between two looks at what changed, should word of it be lost."""
_BREATH = 0.01
"""Seconds at least between two turns."""
_AT_ONCE = 200
"""Questions in one round trip, which must stay within the store's patience."""
_AWAY_AT_MOST = 5.0


class Syncer:
    """Keeps the fleet's breakers of this process in step with those of the others.

    Survives a fork: the child begins anew, with an identity of its own.

    Args:
        store: Where the fleet's standing is.
        breakers: Gives the breakers of this process; those with the scope `fleet` are kept.
        clock: Monotonic seconds.
        chance: Random numbers from 0 to 1.

    Attributes:
        failures: Times in a row that the shared state did not answer.
    """

    def __init__(
        self,
        store: BreakerStore,
        breakers: Callable[[], Iterable[Breaker]],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._breakers = breakers
        self._clock = clock
        self._chance = chance
        self._thread: threading.Thread | None = None
        self._begin()
        _every.add(self)

    def _begin(self) -> None:
        self.instance = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._ears: Ears | None = None
        self._lock = threading.Lock()
        self._is_stopping = False
        self._seats: dict[str, Seat] = {}
        self._since = 0
        self._next_tick = 0.0
        self.failures = 0
        self._retry_at = 0.0

    @property
    def is_away(self) -> bool:
        """Whether the shared state does not answer at present."""
        return self.failures > 0

    def start(self) -> None:
        """Run in a thread of its own from now on; again is the same as once."""
        with self._lock:
            if self._thread is None:
                self._ears = Ears()
                self._thread = threading.Thread(
                    target=self._run, args=(self._ears,), name="breaker-sync", daemon=True
                )
                self._thread.start()
                atexit.register(self.stop)
        self.wake()

    def stop(self) -> None:
        """Tell what is still to be told, give back trials, and end the thread for good."""
        atexit.unregister(self.stop)
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._is_stopping = True
            self.wake()
            thread.join(2)

    def wake(self) -> None:
        """Let it have a turn soon; from any thread, at any time."""
        if self._ears is not None:
            self._ears.call()

    def after_fork(self) -> None:
        """Begin anew in a child process, with the thread if there was one."""
        was_running, self._thread = self._thread is not None, None
        if self._ears is not None:
            self._ears.abandon()
        self._begin()
        if was_running:
            self.start()

    def turn(self) -> float:
        """Do what is to be done now.

        Returns:
            Seconds until the next turn, if nothing happens before.
        """
        now = self._clock()
        is_tick = now >= self._next_tick
        if is_tick:
            self._next_tick = now + EVERY
            self._take_seats()
        for seat in self._seats.values():
            if is_tick or seat.breaker.fleet.has_news or now >= seat.due():
                seat.count(now)
        if now >= self._retry_at:
            try:
                # While it is away, only an answer says that it is back.
                self._talk(now, is_tick=is_tick or self.is_away)
            except StateUnavailableError as error:
                self._lose(now, error)
        if self.is_away:
            for seat in self._seats.values():
                seat.do_without(now)
            return min(self._next_tick, max(self._retry_at, now)) - now
        due = min((seat.due() for seat in self._seats.values()), default=self._next_tick)
        return min(due, self._next_tick) - now

    def _run(self, ears: Ears) -> None:
        pause = 0.0
        while not self._is_stopping:
            # However often it is called, calls of the application come first.
            time.sleep(_BREATH)
            try:
                self._hear(ears, pause)
                pause = self.turn()
            except Exception:  # noqa: BLE001, without this thread every breaker is alone
                _log.exception("a turn failed; the next one comes")
                pause = EVERY
        with contextlib.suppress(StateUnavailableError):
            now = self._clock()
            self._ask([errand for seat in self._seats.values() for errand in seat.leave(now)])
        for seat in self._seats.values():
            seat.part()
        ears.close()

    def _hear(self, ears: Ears, pause: float) -> None:
        for name, epoch in ears.wait(pause).items():
            seat = self._seats.get(name)
            if seat and epoch > seat.epoch:
                seat.look()

    def _take_seats(self) -> None:
        there = {one.name: one for one in self._breakers() if one.scope == "fleet"}
        for name in self._seats.keys() - there.keys():
            del self._seats[name]
        for name in there.keys() - self._seats.keys():
            self._seats[name] = Seat(there[name], self.instance, self.wake, self._chance)

    def _talk(self, now: float, *, is_tick: bool) -> None:
        if not self._seats:
            return
        if is_tick:
            self._since, when = self._store.changes(self._since)
            for name, seat in self._seats.items():
                # Where calls are refused nobody reports, and so nobody would see a server that
                # has forgotten it.
                if when.get(name, 0) > seat.looked or not seat.is_plain:
                    seat.look()
            if self._ears is not None and not self._ears.is_listening:
                self._ears.listen(self._store.follow())
        self._ask([errand for seat in self._seats.values() for errand in seat.errands(now)])
        if self.is_away:
            _log.info("the shared state answers again breakers=%d", len(self._seats))
            self.failures = 0

    def _ask(self, errands: list[Errand]) -> None:
        for first in range(0, len(errands), _AT_ONCE):
            some = errands[first : first + _AT_ONCE]
            answers = self._store.ask_all([errand.question for errand in some])
            for errand, answer in zip(some, answers, strict=True):
                errand.then(answer)

    def _lose(self, now: float, error: StateUnavailableError) -> None:
        if not self.is_away:
            _log.warning("breakers decide without the fleet: %s", error)
        wait = min(_AWAY_AT_MOST, EVERY * 2**self.failures)
        self.failures = min(self.failures + 1, 10)
        self._retry_at = now + wait * (0.5 + 0.5 * self._chance())
        if self._ears is not None:
            self._ears.hang_up()


def _after_fork() -> None:
    for one in tuple(_every):
        one.after_fork()


_every: weakref.WeakSet[Syncer] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
