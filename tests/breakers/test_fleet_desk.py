import pytest

from healing.breakers import BreakerOpen, FleetView, State, Ticket
from tests.breakers.calls import fail, ok


def view(state: State, epoch: int, until: float = 0.0) -> FleetView:
    return FleetView(state=state, epoch=epoch, until=until)


def test_what_the_fleet_says_goes_before_the_own_window(make, clock):
    breaker = make()
    breaker.adopt(view(State.OPEN, 1, clock() + 10))
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    assert (refused.value.scope, refused.value.retry_after) == ("fleet", 10)
    assert not breaker.fleet.is_wanted
    clock.sleep(10)
    assert breaker.try_acquire() is None
    assert breaker.fleet.is_wanted


def test_a_call_pops_a_ticket_and_its_outcome_waits_for_the_backend(make, clock):
    breaker = make()
    breaker.adopt(view(State.HALF_OPEN, 2))
    stale, good = Ticket("a", 1, clock() + 5), Ticket("b", 2, clock() + 5)
    breaker.fleet.tickets.extend([stale, good])
    ok(breaker)
    assert breaker.try_acquire() is None
    first, second = breaker.fleet.settled.get(), breaker.fleet.settled.get()
    assert (first.ticket, first.ok, second.ticket, second.ok) == (stale, None, good, True)


def test_a_fleet_that_closes_closes_the_process_as_well(make, clock):
    breaker = make()
    fail(breaker, 4)
    breaker.adopt(view(State.OPEN, 1, clock() + 10))
    breaker.adopt(view(State.CLOSED, 3))
    assert breaker.state is State.CLOSED
    ok(breaker)


def test_without_word_from_the_fleet_the_own_window_decides(make, clock):
    breaker = make()
    breaker.adopt(view(State.OPEN, 1, clock() + 10))
    breaker.adopt(None)
    ok(breaker)
    fail(breaker, 3)
    assert breaker.state is State.OPEN
