import pytest

from healing.breakers import BreakerOpen, State
from tests.breakers.calls import fail, ok


def test_forced_open_refuses_all_until_a_trial_says_otherwise(make, clock):
    breaker = make()
    breaker.force_open("incident 42", by="ops", for_="1m")
    with pytest.raises(BreakerOpen, match="operator") as refused:
        breaker.acquire()
    assert refused.value.retry_after == 60
    override = breaker.stats().override
    assert override is not None
    assert (override.reason, override.by) == ("incident 42", "ops")
    clock.sleep(60)
    first = breaker.acquire()
    assert breaker.state is State.HALF_OPEN
    assert breaker.try_acquire() is None
    first.record(True)


def test_disabled_lets_all_through_and_counts_nothing(make):
    breaker = make()
    breaker.disable("load test", by="ops")
    fail(breaker, 20)
    assert breaker.state is State.DISABLED
    assert breaker.stats().counts.calls == 0


def test_observing_lets_all_through_and_shows_what_it_would_have_done(make, clock):
    breaker = make()
    breaker.observe()
    fail(breaker, 20)
    assert breaker.state is State.OBSERVING
    assert breaker.stats().standing.state is State.OPEN
    clock.sleep(10)
    ok(breaker, 2)
    assert breaker.stats().standing.state is State.CLOSED
