import pytest

from healing.breakers import Because, LastCalls, LastSeconds, State
from tests.breakers.calls import fail, ok

BOTH = pytest.mark.parametrize("window", [LastCalls(10), LastSeconds(60)], ids=["calls", "seconds"])


@BOTH
def test_too_few_calls_say_nothing(make, window):
    breaker = make(window=window)
    fail(breaker, 3)
    assert breaker.state is State.CLOSED


@BOTH
def test_half_of_the_calls_failed_opens_it(make, window):
    breaker = make(window=window)
    ok(breaker, 2)
    fail(breaker, 2)
    assert breaker.state is State.OPEN
    assert breaker.stats().standing.because is Because.FAIL_RATE


@BOTH
def test_the_good_call_that_makes_the_minimum_opens_it_too(make, window):
    breaker = make(window=window)
    fail(breaker, 3)
    ok(breaker)
    assert breaker.state is State.OPEN


def test_failures_beyond_the_last_calls_are_forgotten(make):
    breaker = make(fail_rate=0.4)
    ok(breaker, 7)
    fail(breaker, 3)
    ok(breaker, 10)
    fail(breaker, 3)
    assert breaker.state is State.CLOSED
    assert breaker.stats().counts.failed == 3
    fail(breaker)
    assert breaker.state is State.OPEN


def test_failures_older_than_the_window_are_forgotten(make, clock):
    breaker = make(window=LastSeconds(60))
    fail(breaker, 3)
    clock.sleep(61)
    ok(breaker)
    fail(breaker, 1)
    assert breaker.state is State.CLOSED
    assert breaker.stats().counts.calls == 2


def test_three_in_a_row_open_it_and_a_good_one_starts_the_row_anew(make):
    breaker = make(fail_rate=None, in_a_row=3)
    fail(breaker, 2)
    ok(breaker)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.stats().standing.because is Because.IN_A_ROW


def test_a_count_opens_it_however_many_calls_are_good(make):
    breaker = make(fail_rate=None, fail_count=3, window=LastCalls(1000))
    for _ in range(2):
        fail(breaker)
        ok(breaker, 100)
    fail(breaker)
    assert breaker.stats().standing.because is Because.FAIL_COUNT


def test_slow_calls_open_it_although_they_succeed(make, clock):
    breaker = make(slow_after=2, slow_rate=1)
    for _ in range(4):
        permit = breaker.acquire()
        clock.sleep(2)
        permit.record(True)
    assert breaker.stats().standing.because is Because.SLOW_RATE


def test_calls_that_hang_count_before_they_return(make, clock):
    breaker = make(slow_after=2, slow_rate=1)
    hanging = [breaker.acquire() for _ in range(4)]
    clock.sleep(3)
    assert breaker.try_acquire() is None
    for permit in hanging:
        permit.record(True)
    assert breaker.stats().counts.calls == 0


def test_a_hanging_call_counts_once(make, clock):
    breaker = make(slow_after=2, slow_rate=1, min_calls=10)
    hanging = breaker.acquire()
    clock.sleep(3)
    ok(breaker)
    hanging.record(True)
    counts = breaker.stats().counts
    assert (counts.calls, counts.slow) == (2, 1)


def test_a_cancelled_call_says_nothing(make):
    breaker = make()
    for _ in range(10):
        breaker.acquire().record(None)
    assert breaker.stats().counts.calls == 0


def test_an_outcome_counts_once(make):
    breaker = make()
    permit = breaker.acquire()
    permit.record(False)
    permit.record(False)
    assert breaker.stats().counts.calls == 1


def test_other_rules_judge_the_calls_counted_before(make):
    breaker = make(min_calls=100)
    fail(breaker, 5)
    breaker.change_rules(make(min_calls=5).rules)
    assert breaker.state is State.OPEN


def test_deltas_are_each_given_once(make):
    breaker = make(fail_rate=None)
    ok(breaker, 3)
    fail(breaker, 2)
    delta = breaker.take_delta()
    assert (delta.ok, delta.failed, delta.slow) == (3, 2, 0)
    assert breaker.take_delta().ok == 0


def test_calls_that_hang_are_looked_for_only_when_one_can_have_begun_to_hang(make, clock):
    breaker = make(slow_after=2, slow_rate=1, min_calls=10)
    hanging = breaker.acquire()
    clock.sleep(1)
    ok(breaker)
    window = hanging.window
    assert window.turn == hanging.began + 2
    clock.sleep(1)
    ok(breaker)
    assert breaker.stats().counts.slow == 1
    assert window.turn == clock() + 2


@pytest.mark.parametrize(
    ("before", "after"),
    [(LastCalls(10), LastSeconds(60)), (LastSeconds(60), LastCalls(10))],
    ids=["to-seconds", "to-calls"],
)
def test_another_kind_of_window_keeps_what_counts_now(make, before, after):
    breaker = make(window=before, min_calls=100, slow_after=9)
    fail(breaker, 2)
    ok(breaker, 5)
    fail(breaker)
    was = breaker.stats().counts
    breaker.change_rules(make(window=after, min_calls=100, slow_after=9).rules)
    assert breaker.stats().counts == was
    assert (was.calls, was.failed) == (8, 3)


def test_calls_that_a_count_window_has_forgotten_do_not_come_back_in_a_time_window(make):
    breaker = make(window=LastCalls(10), fail_rate=None)
    fail(breaker, 5)
    ok(breaker, 10)
    breaker.change_rules(make(window=LastSeconds(60), fail_rate=None).rules)
    counts = breaker.stats().counts
    assert (counts.calls, counts.failed) == (10, 0)


def test_failures_of_a_time_window_leave_a_count_window_as_calls_come(make):
    breaker = make(window=LastSeconds(60), fail_rate=None)
    fail(breaker, 5)
    breaker.change_rules(make(window=LastCalls(10), fail_rate=None).rules)
    ok(breaker, 10)
    assert breaker.stats().counts.failed == 0
