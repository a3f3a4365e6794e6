"""What each call goes through: the pure machine, behind a lock that a good call never takes.

`door` is the window of the present generation while calls simply pass, and None as soon as
anything else has to be thought about. That one read is all a guarded call pays for the states.
Where hanging calls are counted, each needs a permit: `door` is None, and `acquire` does without
the lock all the same.
"""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from healing.breakers import machine
from healing.breakers.events import Changed, announcer
from healing.breakers.fleet import FleetDesk, FleetView, Ticket
from healing.breakers.machine import Because, Standing, State
from healing.breakers.override import Override
from healing.breakers.permit import Permit
from healing.breakers.probing import Prober
from healing.breakers.refusal import BreakerOpen
from healing.breakers.rules import Rules
from healing.breakers.tally import Tally
from healing.breakers.window import Window

_BY_HAND = frozenset({State.FORCED_OPEN, State.DISABLED, State.OBSERVING})
_LEAST_OF_RAMP = 0.1


class Gate:
    """Lets a call pass or refuses it, and takes in how it went.

    Args:
        name: As an operator calls the dependency.
        rules: When it opens and closes.
        clock: Monotonic seconds.
        chance: Random numbers from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        rules: Rules,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.name = name
        self.clock = clock
        self.rules = rules
        self.fleet = FleetDesk()
        self.door: Window | None = None
        self._open_window: Window | None = None
        self._chance = chance
        self._lock = threading.Lock()
        self._tickets = itertools.count(1).__next__
        self._prober: Prober | None = None
        self._standing = Standing(since=clock())
        self._window = Window(self.rules, clock())
        self._own_override: Override | None = None
        self._tally = Tally()
        # While the fleet gives no word: how many there were. One process is none too many.
        self._among = 1
        self._is_heir = False
        self._told = State.CLOSED
        self.refused = itertools.count().__next__
        # Until when, why and by whom calls are refused without a second thought or a lock.
        self.shut = (0.0, Because.NEW, "process")
        self._set_door()

    @property
    def state(self) -> State:
        """What it does with calls now; looking changes nothing."""
        override = self._override()
        if override:
            return override.state
        view = self.fleet.view
        return view.state if view and view.state is not State.CLOSED else self._standing.state

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
        is_early = counts.calls < self.rules.enough_calls and bool(counts.failed or counts.slow)
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
