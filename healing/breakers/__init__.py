"""Circuit breakers: stop asking what does not answer well, find out when it does again.

`@breaker("payments")` is all an application needs. Everything is decided in memory; no call waits
for a lock of another call, a thread or the network.

The seam for a fleet backend (it knows Redis, nothing here does):

* `registry.all()` gives the breakers of the process; those with `scope == "fleet"` are shared.
* `breaker.take_delta()` gives the ok, failed and slow calls since it was last asked.
* `breaker.adopt(FleetView(...))` hands in what the fleet says: state, epoch, until (monotonic),
  because. `adopt(None)` says that there is no word from the fleet: the own window decides. While
  the fleet says closed, the own window may still open this process alone; a fleet that goes from
  open or half open to closed closes the process as well, and its ramp begins.
* `breaker.fleet.tickets.append(Ticket(token, epoch, deadline))` prefetches trials; a call pops
  one. `breaker.fleet.is_wanted` says that a call was refused although a trial is due; set it back.
* `breaker.fleet.settled` is the queue of outcomes: True, False, None (given back unused).
* `breaker.fleet.wake` is called when there is something to do, maybe within the breaker's lock:
  it must only set an event.
* `force_open`, `disable`, `observe`, `reset` carry out an operator's word in this process.
* `listen(listener)` hears of every change, from a thread; `change_rules` changes rules live.
* After a fork the child has no view, tickets or settled outcomes; `wake` stays, so hook your own
  `os.register_at_fork` and set it anew.
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
from healing.breakers.permit import Permit
from healing.breakers.refusal import BreakerOpen
from healing.breakers.registry import Defaults, registry
from healing.breakers.rules import LastCalls, LastSeconds, Rules
from healing.breakers.stats import Override, Stats

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
