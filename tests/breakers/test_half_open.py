import threading

import pytest

from healing.breakers import Breaker, State
from tests.breakers.calls import fail, ok


@pytest.fixture
def half_open(make, clock) -> Breaker:
    breaker = make()
    fail(breaker, 4)
    clock.sleep(10)
    return breaker


def test_two_good_trials_close_it(half_open):
    ok(half_open)
    assert half_open.state is State.HALF_OPEN
    ok(half_open)
    assert half_open.state is State.CLOSED


def test_one_bad_trial_of_three_is_forgiven_two_are_not(half_open):
    fail(half_open)
    assert half_open.state is State.HALF_OPEN
    fail(half_open)
    assert half_open.state is State.OPEN


def test_one_trial_at_a_time(half_open):
    trial = half_open.acquire()
    assert half_open.try_acquire() is None
    trial.record(True)
    assert half_open.try_acquire() is not None


def test_a_cancelled_trial_gives_its_place_back(half_open):
    for _ in range(20):
        half_open.acquire().record(None)
    ok(half_open, 2)
    assert half_open.state is State.CLOSED


def test_lost_trials_count_as_failed_and_hold_nobody_up(half_open, clock):
    lost = [half_open.acquire()]
    clock.sleep(5)
    lost.append(half_open.acquire())
    clock.sleep(5)
    assert half_open.try_acquire() is None
    assert half_open.state is State.OPEN
    for permit in lost:
        permit.record(True)
    assert half_open.state is State.OPEN
    clock.sleep(10)
    ok(half_open, 2)
    assert half_open.state is State.CLOSED


def test_of_fifty_callers_one_gets_through(half_open):
    line = threading.Barrier(50)
    through = []

    def call() -> None:
        line.wait()
        permit = half_open.try_acquire()
        if permit:
            through.append(permit)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 1


def test_traffic_comes_back_little_by_little(make, clock):
    breaker = make(ramp=10)
    fail(breaker, 4)
    clock.sleep(10)
    ok(breaker, 2)
    assert breaker.state is State.CLOSED
    clock.sleep(4)
    assert breaker.try_acquire() is None, "the dice say .5, and .4 are let in"
    clock.sleep(2)
    assert breaker.try_acquire() is not None
    clock.sleep(4)
    ok(breaker)
    assert breaker.door is not None
