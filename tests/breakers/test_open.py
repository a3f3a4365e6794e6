import pytest

from healing.breakers import Because, BreakerOpen, State
from tests.breakers.calls import fail, ok


def test_a_refusal_says_name_time_cause_and_scope(make, clock):
    breaker = make()
    fail(breaker, 4)
    clock.sleep(4)
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    no = refused.value
    assert (no.name, no.retry_after, no.cause, no.scope) == (
        breaker.name,
        pytest.approx(6),
        Because.FAIL_RATE,
        "process",
    )
    assert "try again in 6.0 s" in str(no)
    assert breaker.stats().rejected == 1


def test_an_outcome_that_began_before_it_opened_never_counts(make, clock):
    breaker = make()
    late = [breaker.acquire() for _ in range(5)]
    fail(breaker, 4)
    clock.sleep(10)
    ok(breaker, 2)
    assert breaker.state is State.CLOSED
    for permit in late:
        permit.record(False)
    assert breaker.stats().counts.calls == 0


@pytest.mark.parametrize(
    ("growth", "told", "waits"),
    [(1, None, [10, 10, 10]), (2, None, [10, 20, 40]), (2, 30, [30, 30, 40]), (1, 9999, [60] * 3)],
    ids=["fixed", "doubling", "the dependency asks for more", "never beyond the longest"],
)
def test_how_long_calls_are_refused(make, clock, growth, told, waits):
    breaker = make(open_growth=growth, open_at_most=60, trials=1, successes_to_close=1)
    fail(breaker, 4, told=told)
    seen = []
    for _ in waits:
        seen.append(breaker.stats().retry_after)
        clock.sleep(seen[-1])
        fail(breaker, told=told)
    assert seen == waits


def test_jitter_lengthens_the_refusal(make):
    breaker = make(jitter=0.2)
    fail(breaker, 4)
    assert breaker.stats().retry_after == pytest.approx(11)


def test_reset_closes_it_now(make):
    breaker = make()
    fail(breaker, 4)
    breaker.reset("checked by hand", by="ops")
    assert breaker.state is State.CLOSED
    ok(breaker)
