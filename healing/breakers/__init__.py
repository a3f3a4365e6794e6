"""Circuit breakers: stop asking what does not answer well, find out when it does again.

`@breaker("payments")` is all an application needs. Everything is decided in memory; no call waits
for a lock of another call, a thread or the network.

The seam for a fleet backend (it knows Redis, nothing here does):

* `registry.all()` gives the breakers of the process; those with `scope == "fleet"` are shared, and
  `registry.on_fleet` is called when the first of a name is made.
* `breaker.take_delta()` gives the calls since it was last asked, and whether this process refuses.
* `breaker.adopt(FleetView(...))` hands in what the fleet says: state, epoch, until (monotonic),
  because, and an operator's override. While the fleet says closed, the own window may still open
  this process alone; a fleet that goes from open or half open to closed closes the process as
  well, and its ramp begins. `breaker.go_alone(among)` says that there is no word any more.
* `breaker.fleet.tickets.append(Ticket(token, epoch, deadline))` prefetches trials; a call pops
  one. `breaker.fleet.is_wanted` says that a call was refused although a trial is due; set it back.
* `breaker.fleet.settled` is the queue of outcomes: True, False, None (given back unused).
* `breaker.fleet.wake` is called when there is something to do, maybe within the breaker's lock:
  it must return at once.
* `listen(listener)` hears of every change, from a thread; `change_rules` changes rules live.
* After a fork the child keeps the fleet's view; tickets and outcomes are the parent's.
"""

from healing.breakers.breaker import Breaker
from healing.breakers.decorator import Guard, Guarded, breaker
from healing.breakers.events import Changed, announcer
from healing.breakers.fallbacks import (
    Degraded,
    LastGood,
    NoAnswer,
    Value,
    degradations,
    last_good,
    value,
)
from healing.breakers.fleet import Delta, FleetDesk, FleetView, Settled, Ticket
from healing.breakers.machine import Because, Counts, Standing, State
from healing.breakers.override import Override
from healing.breakers.permit import Permit
from healing.breakers.refusal import BreakerOpen
from healing.breakers.registry import Defaults, registry
from healing.breakers.rules import LastCalls, LastSeconds, Rules
from healing.breakers.stats import Stats

listen = announcer.listen

__all__ = [
    "Because",
    "Breaker",
    "BreakerOpen",
    "Changed",
    "Counts",
    "Defaults",
    "Degraded",
    "Delta",
    "FleetDesk",
    "FleetView",
    "Guard",
    "Guarded",
    "LastCalls",
    "LastGood",
    "LastSeconds",
    "NoAnswer",
    "Override",
    "Permit",
    "Rules",
    "Settled",
    "Standing",
    "State",
    "Stats",
    "Ticket",
    "Value",
    "breaker",
    "degradations",
    "last_good",
    "listen",
    "registry",
    "value",
]
