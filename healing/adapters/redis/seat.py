"""One breaker of this process at the fleet's table: what to ask, what an answer means for it."""

import logging
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from healing.adapters.redis import questions
from healing.adapters.redis.outbox import Outbox
from healing.adapters.redis.questions import Question
from healing.adapters.redis.standing import ANY_EPOCH, FleetStanding, Lease
from healing.adapters.redis.terms import amended, terms_of
from healing.breakers import Because, Breaker, FleetView, Override, Rules, Settled, State, Ticket

_log = logging.getLogger(__name__)
IDLE = 0.5
"""Seconds after which a ticket that nobody wanted is given back."""
_DENIED = 0.1
_DENIED_AT_MOST = 1.0


@dataclass(frozen=True, slots=True)
class Errand:
    """A question, and what to do with its answer."""

    question: Question[Any]
    then: Callable[[Any], object]


def view_of(standing: FleetStanding, asked: float) -> FleetView:
    """Say a standing in this process's own time.

    Args:
        standing: The answer.
        asked: Monotonic time *before* the question: so that nothing here lasts longer than there.
    """
    state, until = State(standing.state), asked + standing.left / 1000
    because, override = Because(standing.because), None
    if standing.mode != "auto":
        ends = None if standing.mode_left < 0 else asked + standing.mode_left / 1000
        override = Override(
            state=State(standing.mode), reason=standing.why, by=standing.by, until=ends
        )
        if override.state is State.FORCED_OPEN:
            # Once it has ended, a trial of the fleet is to find out.
            state, until = State.OPEN, float("inf") if ends is None else ends
            because = Because.OPERATOR
    return FleetView(
        state=state,
        epoch=standing.epoch,
        until=until if state is State.OPEN else 0.0,
        because=because,
        override=override,
    )


class Seat:
    """What is known of one breaker. Used by the syncer's thread only; times are monotonic.

    Args:
        breaker: The breaker.
        instance: This process.
        wake: Makes the syncer come.
        chance: Random numbers from 0 to 1.
    """

    def __init__(
        self,
        breaker: Breaker,
        instance: str,
        wake: Callable[[], object],
        chance: Callable[[], float],
    ) -> None:
        self.breaker = breaker
        self._chance = chance
        self._rules: Rules = breaker.rules
        self._own_rules = self._rules
        self._terms = terms_of(breaker.rules)
        self._outbox = Outbox(instance, self._terms.window / 1000)
        self._known: FleetStanding | None = None
        self._asked = 0.0
        self._members = 1
        self._has_forgotten = False
        self._is_alone = True
        self._must_look = False
        self._outcomes: deque[Settled] = deque()
        self._at_hand: deque[tuple[float, Ticket]] = deque()
        self._token = ""
        self._denied = 0
        self._no_ticket_before = 0.0
        breaker.fleet.wake = wake

    @property
    def epoch(self) -> int:
        """The newest one known."""
        return self._known.epoch if self._known else ANY_EPOCH

    @property
    def looked(self) -> int:
        """When it was seen last, in Redis's time; a change of that millisecond may be newer."""
        return self._known.at - 1 if self._known else 0

    @property
    def is_plain(self) -> bool:
        """Whether calls simply pass, as far as the fleet is concerned."""
        view = self.breaker.fleet.view
        return view is None or (view.state is State.CLOSED and view.override is None)

    def look(self) -> None:
        """Ask at the next turn how it stands."""
        self._must_look = True

    def count(self, now: float) -> None:
        """Take from the breaker what is to be told."""
        desk = self.breaker.fleet
        desk.has_news = False
        self._outbox.put(self.breaker.take_delta(), self.epoch, now)
        while not desk.settled.empty():
            self._outcomes.append(desk.settled.get_nowait())
        while self._at_hand and now - self._at_hand[0][0] >= IDLE:
            _, ticket = self._at_hand.popleft()
            if ticket in desk.tickets:
                self._give_back(ticket)

    def due(self) -> float:
        """Give when it must have its turn, if nothing happens before."""
        times = [self._outbox.due()]
        if self._must_look or self._outcomes or self._has_forgotten:
            times.append(0.0)
        if self._at_hand:
            times.append(self._at_hand[0][0] + IDLE)
        if self.breaker.fleet.is_wanted:
            times.append(self._no_ticket_before)
        return min(times)

    def errands(self, now: float) -> list[Errand]:
        """Say what is to be asked now; each answer is to be handed in."""
        self._follow_rules()
        name, terms = self.breaker.name, self._terms
        todo: list[Errand] = []
        if self._has_forgotten and self._known:
            known = self._aged(self._known, now)
            ask = questions.republishing(known, terms)
            todo.append(Errand(ask, partial(self._republished, now)))
        for outcome in tuple(self._outcomes):
            lease = Lease(outcome.ticket.token, outcome.ticket.epoch, 0)
            told = round((outcome.told or 0.0) * 1000)
            ask = questions.settling(name, terms, lease, ok=outcome.ok, told=told)
            todo.append(Errand(ask, partial(self._settled, now, outcome)))
        if self.breaker.fleet.is_wanted and now >= self._no_ticket_before:
            self.breaker.fleet.is_wanted = False
            self._token = self._token or uuid.uuid4().hex
            ask = questions.asking(name, terms, self._token)
            todo.append(Errand(ask, partial(self._served, now)))
        if now >= self._outbox.due():
            ask = questions.reporting(name, terms, self._outbox.next(now))
            todo.append(Errand(ask, partial(self._reported, now)))
        if self._must_look and not todo:
            todo.append(Errand(questions.looking(name, terms), partial(self._learn, now)))
        return todo

    def do_without(self, now: float) -> None:
        """Carry on while the shared state does not answer: what it said holds until its time."""
        while self._outcomes and self._outcomes[0].ticket.deadline <= now:
            self._outcomes.popleft()
        view = self.breaker.fleet.view
        if view is None:
            return
        if view.override and not view.override.is_over(now):
            return
        if view.state is State.OPEN and now < view.until:
            return
        self._is_alone = True
        self.breaker.go_alone(self._members)

    def leave(self, now: float) -> list[Errand]:
        """Say what is still to be told when this process ends."""
        for ticket in tuple(self.breaker.fleet.tickets):
            self._give_back(ticket)
        self.count(now)
        self.breaker.fleet.is_wanted = False
        return [
            errand for errand in self.errands(now) if errand.question.script in {"settle", "sync"}
        ]

    def part(self) -> None:
        """Let the breaker decide alone: nobody fetches it a trial any more."""
        if self.breaker.fleet.view is not None:
            self.breaker.go_alone(self._members)

    def _give_back(self, ticket: Ticket) -> None:
        try:
            self.breaker.fleet.tickets.remove(ticket)
        except ValueError:
            return  # a call was faster
        self._outcomes.append(Settled(ticket, ok=None))

    def _follow_rules(self) -> None:
        if self.breaker.rules is not self._rules:
            self._own_rules = self._rules = self.breaker.rules
            self._terms = terms_of(self._own_rules)
            self._outbox.window = self._terms.window / 1000

    def _aged(self, known: FleetStanding, now: float) -> FleetStanding:
        passed = round((now - self._asked) * 1000)
        mode_left = known.mode_left if known.mode_left < 0 else max(1, known.mode_left - passed)
        return replace(known, left=max(0, known.left - passed), mode_left=mode_left)

    def _settled(self, asked: float, outcome: Settled, answer: tuple[FleetStanding, bool]) -> None:
        self._outcomes.remove(outcome)
        self._learn(asked, answer[0])

    def _reported(self, asked: float, answer: FleetStanding) -> None:
        self._outbox.answered(asked)
        self._learn(asked, answer)

    def _served(self, asked: float, answer: tuple[FleetStanding, Lease | None]) -> None:
        standing, lease = answer
        self._token = ""
        self._learn(asked, standing)
        if lease is None:
            wait = min(_DENIED_AT_MOST, _DENIED * 2**self._denied)
            self._denied = min(self._denied + 1, 10)
            self._no_ticket_before = asked + wait * (0.8 + 0.4 * self._chance())
            return
        self._denied = 0
        self._no_ticket_before = 0.0
        ticket = Ticket(lease.token, lease.epoch, asked + lease.lasts / 1000)
        self._at_hand.append((asked, ticket))
        self.breaker.fleet.tickets.append(ticket)

    def _republished(self, asked: float, answer: tuple[FleetStanding, bool]) -> None:
        self._learn(asked, answer[0])

    def _learn(self, asked: float, standing: FleetStanding) -> None:
        self._must_look = False
        self._members = max(1, standing.members)
        known = self._known
        # A server that was flushed, or took over without the last writes: it is to be told.
        self._has_forgotten = known is not None and standing.epoch < known.epoch
        if self._has_forgotten:
            return
        self._known, self._asked = standing, asked
        if known is not None and _what(known) == _what(standing) and not self._is_alone:
            return
        self._is_alone = False
        self._denied, self._no_ticket_before = 0, 0.0
        self._adopt(standing, asked)

    def _adopt(self, standing: FleetStanding, asked: float) -> None:
        breaker, last = self.breaker, self.breaker.fleet.view
        breaker.adopt(view_of(standing, asked))
        if standing.state == State.CLOSED and last and last.state is not State.CLOSED:
            self._outbox.call_in()
        try:
            rules = amended(self._own_rules, standing.terms) if standing.terms else self._own_rules
        except (ValueError, TypeError) as error:
            _log.warning("terms not taken over breaker=%s: %s", breaker.name, error)
            return
        if rules != breaker.rules:
            breaker.change_rules(rules)
            self._rules = rules


def _what(standing: FleetStanding) -> tuple[int, str, str]:
    return standing.epoch, standing.state, standing.mode
