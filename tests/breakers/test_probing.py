import asyncio
import threading

import pytest

from healing.breakers import BreakerOpen, State, breaker, listen
from tests.breakers.calls import fail


def closes(name: str) -> tuple[threading.Event, object]:
    closed = threading.Event()

    def hear(change) -> None:
        if change.name == name and change.after is State.CLOSED:
            closed.set()

    return closed, listen(hear)


def checked(well: threading.Event, asked: threading.Event) -> bool:
    asked.set()
    return well.is_set()


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_a_health_check_makes_the_trials_and_users_are_refused_until_then(name, kind):
    well, asked = threading.Event(), threading.Event()

    async def check() -> bool:
        await asyncio.sleep(0)
        return checked(well, asked)

    probe = check if kind == "coroutine" else lambda: checked(well, asked)
    one = breaker(name, in_a_row=1, open_for=0.05, jitter=0, probe=probe).breaker
    closed, stop = closes(name)
    fail(one)
    assert asked.wait(10)
    assert one.try_acquire() is None
    assert not closed.is_set()
    well.set()
    assert closed.wait(10)
    stop()
    assert one.try_acquire() is not None


def test_an_error_of_the_check_is_a_failed_trial_and_it_goes_on(name):
    answers = iter([OSError(), OSError()])
    over = threading.Event()

    def check() -> None:
        error = next(answers, None)
        if error:
            raise error
        over.set()

    one = breaker(name, in_a_row=1, open_for=0.02, jitter=0, probe=check).breaker
    closed, stop = closes(name)
    fail(one)
    assert over.wait(10)
    assert closed.wait(10)
    stop()


def test_a_forced_open_breaker_is_not_probed_until_it_is_reset(name):
    asked = threading.Event()
    one = breaker(name, in_a_row=1, open_for=0.01, probe=asked.set).breaker
    one.force_open("by hand", by="ops")
    with pytest.raises(BreakerOpen):
        one.acquire()
    one.reset(by="ops")
    fail(one)
    assert asked.wait(10)


def test_one_probe_for_breakers_by_key_is_refused(name):
    with pytest.raises(ValueError, match="each key"):
        breaker(name, key=lambda host: host, probe=lambda: True)
