import pytest

from healing.breakers import BreakerOpen, Delta, FleetView, Override, State, Ticket
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


def test_without_word_from_the_fleet_the_own_window_decides(make):
    breaker = make()
    breaker.adopt(view(State.CLOSED, 1))
    breaker.go_alone(among=1)
    ok(breaker)
    fail(breaker, 3)
    assert breaker.state is State.OPEN


def test_what_the_fleet_refused_is_refused_on_when_its_word_is_lost(make, clock):
    breaker = make(open_for=10)
    breaker.adopt(view(State.OPEN, 1, clock() + 10))
    clock.sleep(11)
    breaker.go_alone(among=20)
    assert breaker.state is State.OPEN
    # Half of the way from once to twenty times its own time, as the chance is a half.
    assert breaker.stats().retry_after == pytest.approx(10 * 10.5)


def test_alone_each_time_it_opens_it_waits_longer_the_more_there_were(make):
    breaker = make(open_for=10)
    breaker.adopt(view(State.CLOSED, 1))
    breaker.go_alone(among=5)
    fail(breaker, 4)
    assert breaker.stats().retry_after == pytest.approx(10 * 3)


def test_a_fleet_that_was_closed_all_along_closes_what_was_refused_in_its_name(make, clock):
    breaker = make()
    breaker.adopt(view(State.OPEN, 1, clock() + 10))
    breaker.go_alone(among=3)
    breaker.adopt(view(State.CLOSED, 3))
    assert breaker.state is State.CLOSED
    ok(breaker)


def test_what_this_process_found_itself_outlives_a_word_that_comes_back(make):
    breaker = make()
    breaker.adopt(view(State.CLOSED, 1))
    breaker.go_alone(among=1)
    fail(breaker, 4)
    breaker.adopt(view(State.CLOSED, 1))
    assert breaker.state is State.OPEN


def word(state: State, until: float | None = None) -> Override:
    return Override(state=state, reason="incident 42", by="ops", until=until)


def test_an_operators_word_to_the_fleet_goes_before_that_to_the_process(make):
    breaker = make()
    breaker.disable("I know better", by="me")
    forced = word(State.FORCED_OPEN)
    breaker.adopt(FleetView(state=State.CLOSED, epoch=1, until=0.0, override=forced))
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    assert refused.value.scope == "operator"
    breaker.adopt(view(State.CLOSED, 2))
    assert breaker.state is State.DISABLED


def test_after_an_override_that_has_ended_a_trial_of_the_fleet_finds_out(make, clock):
    breaker = make()
    forced = word(State.FORCED_OPEN, clock() + 10)
    breaker.adopt(FleetView(state=State.OPEN, epoch=1, until=clock() + 10, override=forced))
    clock.sleep(10)
    assert breaker.try_acquire() is None
    assert breaker.fleet.is_wanted


def test_calls_are_taken_once_with_what_the_dependency_said(make):
    breaker = make(min_calls=10)
    ok(breaker, 3)
    fail(breaker, 1, told=7)
    assert breaker.take_delta() == Delta(ok=3, failed=1, slow=0, told=7)
    assert breaker.take_delta() == Delta(ok=0, failed=0, slow=0)
    fail(breaker, 6)
    assert breaker.take_delta().is_tripped


def test_taking_the_calls_counts_those_that_hang(make, clock):
    breaker = make(slow_after=2)
    breaker.acquire()
    clock.sleep(3)
    assert breaker.take_delta().slow == 1


def test_a_slow_trial_of_the_fleet_has_failed(make, clock):
    breaker = make(slow_after=2)
    breaker.adopt(view(State.HALF_OPEN, 2))
    breaker.fleet.tickets.append(Ticket("a", 2, clock() + 5))
    permit = breaker.acquire()
    clock.sleep(3)
    permit.record(True)
    assert breaker.fleet.settled.get().ok is False


def test_calls_refused_ask_for_a_ticket_only_once(make):
    breaker = make()
    breaker.adopt(view(State.HALF_OPEN, 2))
    woken: list[None] = []
    breaker.fleet.wake = lambda: woken.append(None)
    for _ in range(5):
        assert breaker.try_acquire() is None
    assert len(woken) == 1
