"""One breaker: the pure machine, kept behind a lock that a good call never takes.

`door` is the window of the present generation while calls simply pass, and None as soon as
anything else has to be thought about. That one read is all a guarded call pays for the states.
Where hanging calls are counted, each needs a permit: `door` is None, and `acquire` does without
the lock all the same.
"""

import itertools
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace

from healing.breakers import machine
from healing.breakers.events import Changed, announcer
from healing.breakers.fleet import Delta, FleetDesk, FleetView, Ticket
from healing.breakers.machine import Because, Standing, State
from healing.breakers.override import Override
from healing.breakers.permit import Permit
from healing.breakers.probing import Prober
from healing.breakers.refusal import BreakerOpen
from healing.breakers.rules import Rules, seconds
from healing.breakers.stats import Stats
from healing.breakers.tally import Tally
from healing.breakers.window import Window

_BY_HAND = frozenset({State.FORCED_OPEN, State.DISABLED, State.OBSERVING})
_LEAST_OF_RAMP = 0.1


class Breaker:
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
        self.name = name
        self.scope = scope
        self.clock = clock
        self.rules = rules or Rules()
        self.fleet = FleetDesk()
        self.door: Window | None = None
        self._open_window: Window | None = None
        self._chance = chance
        self._lock = threading.Lock()
        self._tickets = itertools.count(1).__next__
        self._prober: Prober | None = None
        self._heirs: list[Callable[[], Iterable[Breaker]]] = []
        self._standing = Standing(since=clock())
        self._window = Window(self.rules, clock())
        self._own_override: Override | None = None
        self._tally = Tally()
        # While the fleet gives no word: how many there were. One process is none too many.
        self._among = 1
        self._is_heir = False
        self._told = State.CLOSED
        self.refused = itertools.count().__next__
        self._refused_read = 0
        # Until when, why and by whom calls are refused without a second thought or a lock.
        self.shut = (0.0, Because.NEW, "process")
        self._set_door()
        _every.add(self)

    def __repr__(self) -> str:
        return f"<Breaker {self.name!r} {self.state}>"

    @property
    def state(self) -> State:
        """What it does with calls now; looking changes nothing."""
        override = self._override()
        if override:
            return override.state
        view = self.fleet.view
        return view.state if view and view.state is not State.CLOSED else self._standing.state

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

    def acquire(self, *, watch: bool = True) -> Permit:
        """Ask for leave to call; tell the permit how it went.

        Args:
            watch: Whether the call counts when it hangs, where the rules say so.

        Raises:
            BreakerOpen: Calls are refused.
        """
        window = self._open_window
        now = self.clock()
        if window is not None and now < window.turn:
            return self._permit(window, now, watch=watch)
        until, cause, scope = self.shut
        if now < until:
            self.refused()
            raise BreakerOpen(self.name, until - now, cause, scope)
        with self._lock:
            permit = self._admit(now, watch=watch)
        if isinstance(permit, Permit):
            return permit
        self.refused()
        raise BreakerOpen(self.name, *permit)

    def try_acquire(self) -> Permit | None:
        """Ask for leave to call; None when calls are refused."""
        try:
            return self.acquire()
        except BreakerOpen:
            return None

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

    def look(self, window: Window, now: float) -> None:
        """Let time do its part: forget old slices, count calls that hang, end an override."""
        with self._lock:
            if window is self._window:
                self._look(now)

    def succeeded(self, window: Window, took: float) -> None:
        """Take in a good call that has ticked and was slow, or came while things were suspect."""
        with self._lock:
            if window is not self._window:
                return
            window.in_a_row = 0
            if took >= window.slow_after:
                window.add(slow=True)
            self._judge(window, self.clock())

    def failed(self, window: Window, took: float, told: float | None = None) -> None:
        """Take in a failed call; `told` is what the dependency said to wait, in seconds."""
        with self._lock:
            if window is self._window:
                window.tick()
                window.add(failed=True, slow=took >= window.slow_after)
                self._judge(window, self.clock(), told)
            self.fleet.told = max(self.fleet.told, told or 0.0)
        self.fleet.call()

    def settle(self, permit: Permit, *, ok: bool | None, told: float | None) -> None:
        """Take in the outcome of a permit."""
        if isinstance(permit.ticket, Ticket):
            took = self.clock() - permit.began - permit.held
            slow_after = self.rules.slow_after
            is_slow = ok and slow_after is not None and took >= slow_after
            self.fleet.settle(permit.ticket, ok=False if is_slow else ok, told=told)
            return
        now = self.clock()
        took = now - permit.began - permit.held
        window = permit.window
        if permit.ticket is not None:
            with self._lock:
                ticket, rules, spread = permit.ticket, self._rules_alone(), self._chance()
                was = machine.advanced(self._standing, now=now, rules=rules, spread=spread)
                is_slow = ok and rules.slow_after is not None and took >= rules.slow_after
                self._go(
                    machine.settled(
                        was,
                        ticket,
                        ok=False if is_slow else ok,
                        now=now,
                        rules=rules,
                        spread=spread,
                        told=told,
                    )
                )
            return
        if window is None:
            return
        # Whoever counted it as hanging has taken it out: it must not count twice.
        if permit.is_watched and window.running.pop(permit, None) is None:
            return
        if ok is None:
            return
        if not ok:
            self.failed(window, took, told)
            return
        window.tick()
        if window.is_suspect or took >= window.slow_after:
            self.succeeded(window, took)

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

    def _permit(self, window: Window, now: float, *, watch: bool) -> Permit:
        is_watched = watch and window.is_watching
        permit = Permit(self, window, now, is_watched=is_watched)
        if is_watched:
            window.running[permit] = now
        return permit

    # What follows is only called with the lock held.

    def _admit(self, now: float, *, watch: bool) -> Permit | tuple[float | None, Because, str]:
        self._look(now)
        window, override = self._window, self._override()
        if override and override.state is State.FORCED_OPEN:
            return self._retry_after(), Because.OPERATOR, "operator"
        if override and override.state is State.DISABLED:
            return Permit(self, None, now)
        if override:
            trial = None if self._prober else self._own_trial(now)
            return trial or self._permit(window, now, watch=watch)
        standing, view = self._standing, self.fleet.view
        if view and view.state is not State.CLOSED:
            trial = None if self._prober else self._fleet_trial(now)
            return trial or (self._retry_after(), view.because, "fleet")
        if standing.state is State.CLOSED:
            if self._is_let_in(standing, now):
                return self._permit(window, now, watch=watch)
            return None, Because.RAMP, "process"
        if standing.state is State.OPEN:
            return standing.until - now, standing.because, "process"
        trial = None if self._prober else self._own_trial(now)
        return trial or (self._retry_after(), Because.TRIALS_TAKEN, "process")

    def _is_shut_by_fleet(self) -> bool:
        view = self.fleet.view
        return view is not None and view.state is not State.CLOSED

    def _fleet_trial(self, now: float) -> Permit | None:
        view = self.fleet.view
        is_due = view and (view.state is State.HALF_OPEN or now >= view.until)
        ticket = self.fleet.pop(now) if is_due else None
        return Permit(self, None, now, ticket) if ticket else None

    def _own_trial(self, now: float) -> Permit | None:
        if self._standing.state is not State.HALF_OPEN:
            return None
        ticket = self._tickets()
        taken = machine.admitted(self._standing, ticket, now=now, rules=self.rules)
        if taken is None:
            return None
        self._standing = taken
        return Permit(self, None, now, ticket)

    def _is_let_in(self, standing: Standing, now: float) -> bool:
        ramp = self.rules.ramp
        if standing.because not in {Because.TRIALS_SUCCEEDED, Because.FLEET} or not ramp:
            return True
        share = max(_LEAST_OF_RAMP, (now - standing.since) / ramp)
        if share >= 1:
            self._set_door()
            return True
        return self._chance() < share

    def _look(self, now: float) -> None:
        override = self._own_override
        if override and override.is_over(now):
            self._own_override = None
            if override.state is State.FORCED_OPEN:
                # Nobody knows how it is by now: a trial finds out, not everybody at once.
                self._standing = replace(self._opened(Because.OPERATOR, now), until=now)
            self._renew()
        if self._window.look(now):
            self._judge(self._window, now)
        spread = self._chance()
        if self._standing.state is not State.CLOSED:
            rules = self._rules_alone()
            self._go(machine.advanced(self._standing, now=now, rules=rules, spread=spread))
        self._set_door()
        self._tell()

    def _judge(self, window: Window, now: float, told: float | None = None) -> None:
        window.forget(now)
        counts = window.counts()
        because = machine.exceeded(counts, self.rules)
        if because and self._standing.state is State.CLOSED:
            self._go(self._opened(because, now, told))
            return
        is_early = counts.calls < self.rules.min_calls and bool(counts.failed or counts.slow)
        window.is_suspect = is_early or counts.in_a_row > 0

    def _opened(self, because: Because, now: float, told: float | None = None) -> Standing:
        spread, rules = self._chance(), self._rules_alone()
        return machine.opened(
            self._standing, because, now=now, rules=rules, spread=spread, told=told
        )

    def _rules_alone(self) -> Rules:
        if self._among <= 1:
            return self.rules
        # That the fleet's trials stay as many as one breaker's, each waits longer, at random.
        longer = 1 + self._chance() * (self._among - 1)
        return replace(self.rules, open_for=self.rules.open_for * longer)

    def _go(self, standing: Standing) -> None:
        was, self._standing = self._standing, standing
        if standing.generation != was.generation:
            self._renew()
            self._tell()

    def _renew(self) -> None:
        self._tally.keep(self._window)
        self._window = Window(self.rules, self.clock())
        self._set_door()

    def _set_door(self) -> None:
        view, standing, override = self.fleet.view, self._standing, self._override()
        ramping = (
            self.rules.ramp > 0
            and standing.because in {Because.TRIALS_SUCCEEDED, Because.FLEET}
            and self.clock() - standing.since < self.rules.ramp
        )
        is_plain = (
            override is None
            and standing.state is State.CLOSED
            and self._is_plain_for(view)
            and not ramping
        )
        self._open_window = self._window if is_plain else None
        self.door = None if self._window.is_watching else self._open_window
        if override is None and view and view.state is State.OPEN:
            self.shut = (view.until, view.because, "fleet")
        elif override is None and standing.state is State.OPEN:
            self.shut = (standing.until, standing.because, "process")
        else:
            self.shut = (0.0, Because.NEW, "process")
        if self._prober and self.state in {State.OPEN, State.HALF_OPEN}:
            self._prober.wake()

    def _set(self, state: State, reason: str, by: str, for_: float | str | None) -> None:
        with self._lock:
            until = None if for_ is None else self.clock() + seconds(for_)
            self._own_override = Override(state=state, reason=reason, by=by, until=until)
            self._set_door()
            self._tell(by=by, reason=reason)

    def _override(self) -> Override | None:
        """Whose word holds: that to the whole fleet goes before that to this process."""
        view, now = self.fleet.view, self.clock()
        for word in (view and view.override, self._own_override):
            if word and not word.is_over(now):
                return word
        return None

    @staticmethod
    def _is_plain_for(view: FleetView | None) -> bool:
        return view is None or (view.state is State.CLOSED and view.override is None)

    def _retry_after(self) -> float | None:
        now = self.clock()
        ends: float | None
        if override := self._override():
            ends = override.until if override.state is State.FORCED_OPEN else None
        elif self.fleet.view and self.fleet.view.state is State.OPEN:
            ends = self.fleet.view.until
        elif self._standing.state is State.OPEN:
            ends = self._standing.until
        else:
            ends = min(self._standing.leases.values(), default=None)
        return None if ends is None else max(0.0, ends - now)

    def _tell(self, *, by: str = "breaker", reason: str = "") -> None:
        before, after = self._told, self.state
        if before is after:
            return
        self._told = after
        announcer.tell(
            Changed(
                name=self.name,
                before=before,
                after=after,
                because=Because.OPERATOR if after in _BY_HAND else self._standing.because,
                at=time.time(),
                by=by,
                reason=reason,
            )
        )


def _after_fork() -> None:
    for one in tuple(_every):
        one.after_fork()


_every: weakref.WeakSet[Breaker] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
