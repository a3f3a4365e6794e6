"""What a breaker shares with a fleet: the seam for a backend, which knows how (Redis).

A user's call touches only what is here, in memory. The backend's thread takes counts, puts views
and tickets, and takes outcomes; it never runs inside a lock of a breaker.
"""

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from healing.breakers.machine import Because, State
from healing.breakers.override import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """What the fleet says of one breaker: closed, open or half open."""

    state: State
    epoch: int
    """The fleet's generation; a view with a lower one is for the backend to sort out."""
    until: float
    """While open: when trials begin, on the monotonic clock of this process."""
    because: Because = Because.FLEET
    override: Override | None = None
    """What an operator said to the whole fleet."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The fleet's leave to make one trial."""

    token: str
    epoch: int
    deadline: float
    """Monotonic time after which it is worth nothing."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a trial of the fleet ended: True, False, or None when it was given back unused."""

    ticket: Ticket
    ok: bool | None
    told: float | None = None
    """Seconds the dependency said to wait."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Calls since the last time somebody took them."""

    ok: int
    failed: int
    slow: int
    is_tripped: bool = False
    """Whether this process refuses calls by itself."""
    told: float = 0.0
    """Longest time in seconds that the dependency said to wait."""


class FleetDesk:
    """Where one breaker and the backend leave things for each other.

    Attributes:
        view: What the fleet says; None: there is no word from it, each process decides alone.
        tickets: Tickets at hand; a call pops one.
        settled: Outcomes of tickets, for the backend.
        told: Longest time in seconds that the dependency said to wait, until it is taken.
        is_wanted: A call was refused although the fleet's time is over: fetch tickets.
        has_news: There is something to take before the backend's next turn.
        wake: Called when there is something to do; must return at once.
    """

    __slots__ = ("has_news", "is_wanted", "settled", "tickets", "told", "view", "wake")

    def __init__(self, view: FleetView | None = None) -> None:
        self.view = view
        self.tickets: deque[Ticket] = deque()
        self.settled: queue.SimpleQueue[Settled] = queue.SimpleQueue()
        self.told = 0.0
        self.is_wanted = False
        self.has_news = False
        self.wake: Callable[[], object] = _nobody

    def pop(self, now: float) -> Ticket | None:
        """Take a ticket that is still worth something; without one, say that some are wanted."""
        while True:
            try:
                ticket = self.tickets.popleft()
            except IndexError:
                if not self.is_wanted:
                    self.is_wanted = True
                    self.call()
                return None
            if now < ticket.deadline and self.view and self.view.epoch == ticket.epoch:
                return ticket
            self.settle(ticket, ok=None)

    def settle(self, ticket: Ticket, *, ok: bool | None, told: float | None = None) -> None:
        """Leave an outcome for the backend."""
        self.settled.put(Settled(ticket, ok, told))
        self.call()

    def call(self) -> None:
        """Let the backend look here soon."""
        self.has_news = True
        self.wake()


def _nobody() -> None:
    """No backend listens."""
