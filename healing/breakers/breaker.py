"""One breaker: the gate that calls go through, and what is done to it from elsewhere.

An operator's levers, a health check that makes the trials, other rules, and the word of a fleet.
"""

import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace

from healing.breakers import machine
from healing.breakers.fleet import Delta, FleetDesk, FleetView
from healing.breakers.gate import Gate
from healing.breakers.machine import Because, State
from healing.breakers.override import Override
from healing.breakers.permit import Permit
from healing.breakers.probing import Prober
from healing.breakers.rules import Rules, seconds
from healing.breakers.stats import Stats


class Breaker(Gate):
    """Stops asking a dependency that does not answer well, and finds out when it does again.

    Thread-safe; usable from coroutines as well, as nothing here waits for I/O.

    Args:
        name: As an operator calls the dependency.
        rules: When it opens and closes.
        scope: `process`, or `fleet` when a backend may connect it to others of the same name.
        clock: Monotonic seconds.
        chance: Random numbers from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        rules: Rules | None = None,
        *,
        scope: str = "process",
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(name, rules or Rules(), clock, chance)
        self.scope = scope
        self._heirs: list[Callable[[], Iterable[Breaker]]] = []
        self._refused_read = 0
        _every.add(self)

    def __repr__(self) -> str:
        return f"<Breaker {self.name!r} {self.state}>"

    def stats(self) -> Stats:
        """Count everything at this moment."""
        with self._lock:
            self._window.forget(self.clock())
            self._refused_read += 1
            return Stats(
                name=self.name,
                state=self.state,
                standing=self._standing,
                counts=self._window.counts(),
                rejected=self.refused() + 1 - self._refused_read,
                retry_after=self._retry_after(),
                override=self._override(),
                fleet=self.fleet.view,
            )

    def probe_with(self, check: Callable[[], object]) -> None:
        """Let a health check make the trials from now on; calls are refused until it closes."""
        self._prober = Prober(self, check, lambda: self.rules.trial_within)
        with self._lock:
            self._set_door()

    def acquire_trial(self) -> Permit | float | None:
        """Give a trial to the health check, or seconds until there may be one."""
        now = self.clock()
        with self._lock:
            self._look(now)
            if self._override() or self.state not in {State.OPEN, State.HALF_OPEN}:
                return None
            got = self._fleet_trial(now) if self._is_shut_by_fleet() else self._own_trial(now)
            return got or self._retry_after()

    def force_open(self, reason: str, *, by: str, for_: float | str | None = None) -> None:
        """Refuse all calls, until it is taken back or `for_` is over."""
        self._set(State.FORCED_OPEN, reason, by, for_)

    def disable(self, reason: str = "", *, by: str = "", for_: float | str | None = None) -> None:
        """Let all calls through and count nothing."""
        self._set(State.DISABLED, reason, by, for_)

    def observe(self, reason: str = "", *, by: str = "", for_: float | str | None = None) -> None:
        """Let all calls through, but count, open and close as if it were in earnest."""
        self._set(State.OBSERVING, reason, by, for_)

    def reset(self, reason: str = "", *, by: str = "") -> None:
        """Close it now, forget the window and any override."""
        with self._lock:
            self._own_override = None
            self._standing = machine.closed(self._standing, Because.OPERATOR, now=self.clock())
            self._renew()
            self._tell(by=by, reason=reason)

    def change_rules(self, rules: Rules) -> None:
        """Judge by other rules from now on, as do its breakers by key; counted calls stay."""
        with self._lock:
            now = self.clock()
            self.rules = rules
            self._window.forget(now)
            self._window.adopt(rules, now)
            self._set_door()
            self._judge(self._window, now)
        for heirs in self._heirs:
            for one in heirs():
                one.change_rules(rules)

    def pass_rules_to(self, heirs: "Callable[[], Iterable[Breaker]]") -> None:
        """Let others, those there are by then, follow every change of rules."""
        self._heirs.append(heirs)

    def adopt(self, view: FleetView) -> None:
        """Take over what the fleet says."""
        with self._lock:
            last = self.fleet.view
            self.fleet.view = view
            self._among = 1
            was_shut = self._is_heir or (last is not None and last.state is not State.CLOSED)
            self._is_heir = False
            if view.state is State.CLOSED and was_shut:
                self._standing = machine.closed(self._standing, Because.FLEET, now=self.clock())
                self._renew()
            self._set_door()
            self._tell()

    def go_alone(self, among: int) -> None:
        """Decide alone from now on: there is no word from the fleet any more.

        What it refused last is refused on; then this process makes trials of its own, as rarely
        as `among` processes may that do not know of each other.

        Args:
            among: How many there were in the fleet.
        """
        with self._lock:
            last = self.fleet.view
            self.fleet.view = None
            self._among = among
            if last and last.state is not State.CLOSED:
                self._is_heir = True
                self._standing = self._opened(Because.FLEET, self.clock())
                self._renew()
            self._set_door()
            self._tell()

    def take_delta(self) -> Delta:
        """Give the calls since this was last asked; for the one backend."""
        with self._lock:
            self._look(self.clock())
            calls, failed, slow = self._tally.take(self._window)
            told, self.fleet.told = self.fleet.told, 0.0
            return Delta(
                ok=calls - failed,
                failed=failed,
                slow=slow,
                is_tripped=self._standing.state is not State.CLOSED and not self._is_heir,
                told=told,
            )

    def after_fork(self) -> None:
        """Begin anew in a child process: locks may be held, trials are the parent's."""
        self._lock = threading.Lock()
        self._window.running.clear()
        self._standing = replace(self._standing, leases={})
        self._tally.take(self._window)
        if self._prober:
            self._prober.after_fork()
        self.fleet = FleetDesk(self.fleet.view)
        self._set_door()

    def is_idle(self) -> bool:
        """Whether it could be forgotten without forgetting any trouble."""
        with self._lock:
            self._window.forget(self.clock())
            counts = self._window.counts()
            return (
                self._standing.state is State.CLOSED
                and not (self._own_override or self._window.running)
                and self._is_plain_for(self.fleet.view)
                and not (counts.failed or counts.slow or counts.in_a_row)
            )

    def _set(self, state: State, reason: str, by: str, for_: float | str | None) -> None:
        with self._lock:
            until = None if for_ is None else self.clock() + seconds(for_)
            self._own_override = Override(state=state, reason=reason, by=by, until=until)
            self._set_door()
            self._tell(by=by, reason=reason)


def _after_fork() -> None:
    for one in tuple(_every):
        one.after_fork()


_every: weakref.WeakSet[Breaker] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
