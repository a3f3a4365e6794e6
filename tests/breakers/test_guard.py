import asyncio
import contextvars
import inspect
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from healing.breakers import (
    Breaker,
    BreakerOpen,
    Guard,
    Rules,
    State,
    breaker,
    degradations,
    last_good,
    registry,
    value,
)
from healing.breakers.judgement import Judgement


class BoomError(Exception):
    pass


def test_functions_and_methods_are_guarded_and_keep_their_signature(name):
    class Client:
        @breaker(name, in_a_row=2)
        def charge(self, amount: int, *, currency: str = "EUR") -> str:
            """Charge."""
            if amount < 0:
                raise BoomError
            return f"{amount} {currency}"

    assert Client().charge(3) == "3 EUR"
    assert list(inspect.signature(Client.charge).parameters) == ["self", "amount", "currency"]
    for _ in range(2):
        with pytest.raises(BoomError):
            Client().charge(-1)
    with pytest.raises(BreakerOpen):
        Client().charge(3)
    assert Client.charge.breaker.state is State.OPEN


def test_coroutines_are_guarded(name):
    @breaker(name, in_a_row=1)
    async def charge() -> None:
        raise BoomError

    async def story() -> None:
        with pytest.raises(BoomError):
            await charge()
        with pytest.raises(BreakerOpen):
            await charge()

    assert inspect.iscoroutinefunction(charge)
    asyncio.run(story())


def test_a_cancelled_coroutine_says_nothing(name):
    @breaker(name, in_a_row=1)
    async def wait() -> None:
        await asyncio.sleep(60)

    async def story() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert wait.breaker.state is State.CLOSED
    assert wait.breaker.stats().counts.calls == 0


def test_a_generator_counts_once_when_it_ends(name):
    @breaker(name, in_a_row=1)
    def rows(bad: bool):
        yield 1
        if bad:
            raise BoomError
        yield 2

    assert list(rows(False)) == [1, 2]
    left = rows(True)
    next(left)
    left.close()
    assert rows.breaker.stats().counts.calls == 1
    with pytest.raises(BoomError):
        list(rows(True))
    assert rows.breaker.state is State.OPEN


def test_an_async_generator_is_guarded_and_can_be_sent_to(name):
    @breaker(name, in_a_row=1)
    async def echo():
        got = yield "first"
        yield got
        raise BoomError

    async def story() -> None:
        stream = echo()
        assert await anext(stream) == "first"
        assert await stream.asend("second") == "second"
        with pytest.raises(BoomError):
            await anext(stream)
        left = echo()
        with pytest.raises(BreakerOpen):
            await anext(left)

    asyncio.run(story())


def test_with_blocks_of_interleaved_coroutines_do_not_mix(name):
    payments = breaker(name, in_a_row=1)

    async def call(bad: bool) -> None:
        async with payments:
            await asyncio.sleep(0)
            if bad:
                raise BoomError

    async def story() -> None:
        await asyncio.gather(call(True), call(False), return_exceptions=True)

    asyncio.run(story())
    assert payments.breaker.state is State.OPEN
    with pytest.raises(BreakerOpen), payments:
        pass


@pytest.mark.parametrize(
    ("error", "counted", "state"),
    [
        (TimeoutError, 1, State.OPEN),
        (KeyError, 0, State.CLOSED),
        (ValueError, 1, State.CLOSED),
        (KeyboardInterrupt, 0, State.CLOSED),
    ],
    ids=["a failure", "ignored", "another error is an answer", "somebody pressed Ctrl-C"],
)
def test_which_errors_count(name, error, counted, state):
    @breaker(name, in_a_row=1, failures=OSError, ignore=KeyError)
    def call() -> None:
        raise error

    with pytest.raises(error):
        call()
    assert call.breaker.state is state
    if state is State.CLOSED:
        assert call.breaker.stats().counts.calls == counted


def test_bad_results_are_failures_and_say_how_long_to_wait(name):
    @breaker(
        name,
        in_a_row=1,
        jitter=0,
        bad_result=lambda r: r["status"] >= 500,
        retry_after=lambda r: r.get("Retry-After"),
    )
    def call() -> dict:
        return {"status": 503, "Retry-After": "120"}

    assert call()["status"] == 503
    assert call.breaker.stats().retry_after == pytest.approx(120, abs=1)


def test_an_unreadable_retry_after_changes_nothing(name):
    @breaker(name, in_a_row=1, retry_after=lambda e: e.headers["Retry-After"])
    def call() -> None:
        raise BoomError

    with pytest.raises(BoomError):
        call()


def test_the_last_good_answer_goes_before_the_fixed_one_and_both_are_marked(name):
    answers = {"a": 1}

    @breaker(name, in_a_row=100, fallback=[last_good("10m"), value([])])
    def look(key: str) -> object:
        try:
            return answers[key]
        except KeyError:
            raise BoomError from None

    with degradations() as seen:
        assert look("a") == 1
        answers.clear()
        assert look("a") == 1
        assert look("b") == []
    assert [d.by for d in seen] == ["last_good", "value"]
    assert isinstance(seen[0].because, BoomError)


def test_a_fallback_coroutine_has_a_deadline_and_then_the_real_error_is_told(name):
    async def slow() -> str:
        await asyncio.sleep(60)
        return "never"

    @breaker(name, in_a_row=1, fallback=slow, fallback_within="20ms")
    async def call() -> str:
        raise BoomError

    with pytest.raises(BoomError):
        asyncio.run(call())


def test_a_fallback_that_fails_is_said_in_the_log_and_the_next_one_answers(name, caplog):
    def broken() -> str:
        raise ValueError("no such cache")

    @breaker(name, in_a_row=1, fallback=[broken, value("second")])
    def call() -> str:
        raise BoomError

    assert call() == "second"
    assert "by=broken" in caplog.text
    assert "no such cache" in caplog.text


def test_each_key_has_a_breaker_of_its_own_and_trouble_is_never_forgotten(name):
    @breaker(name, in_a_row=1, key=lambda host: host, keys_at_most=3)
    def call(host: str) -> str:
        if host == "bad":
            raise BoomError
        return host

    with pytest.raises(BoomError):
        call("bad")
    for number in range(20):
        assert call(f"good-{number}")
    with pytest.raises(BreakerOpen):
        call("bad")
    assert sum(one.name.startswith(f"{name}:") for one in registry.all()) == 3


def test_a_thousand_breakers_need_no_thread(name):
    before = threading.active_count()
    guarded = [breaker(f"{name}-{n}")(lambda n=n: n) for n in range(1000)]
    assert [call() for call in guarded] == list(range(1000))
    assert threading.active_count() == before


def test_rules_of_the_parent_reach_the_breakers_by_key(name):
    @breaker(name, in_a_row=5, key=lambda host: host)
    def ask(_host: str) -> None:
        raise BoomError

    with pytest.raises(BoomError):
        ask("a")
    ask.breaker.change_rules(replace(ask.breaker.rules, in_a_row=2))
    with pytest.raises(BoomError):
        ask("a")
    by_key = registry.get(f"{name}:a")
    assert by_key is not None
    assert by_key.state is State.OPEN


def test_the_time_a_consumer_takes_between_items_is_not_the_dependencys(clock, name):
    one = Breaker(name, Rules(slow_after=2, min_calls=10), clock=clock)
    guarded = Guard(one, Judgement(), None, None)

    @guarded
    def items():
        yield 1
        yield 2

    @guarded
    async def items_async():
        yield 1
        yield 2

    async def read() -> None:
        async for _ in items_async():
            clock.sleep(5)

    for _ in items():
        clock.sleep(5)
        one.acquire().record(True)
    asyncio.run(read())
    counts = one.stats().counts
    assert (counts.calls, counts.slow) == (4, 0)


def test_the_time_a_generator_itself_takes_makes_it_slow(clock, name):
    one = Breaker(name, Rules(slow_after=2, min_calls=10), clock=clock)

    @Guard(one, Judgement(), None, None)
    def items():
        clock.sleep(1)
        yield 1
        clock.sleep(1)

    assert list(items()) == [1]
    assert one.stats().counts.slow == 1


def test_what_a_consumer_sends_and_throws_reaches_the_generator(name):
    @breaker(name, in_a_row=1)
    def echo():
        said = yield "first"
        try:
            yield said
        except KeyError:
            yield "caught"
        return "end"

    talk = echo()
    assert next(talk) == "first"
    assert talk.send("hello") == "hello"
    assert talk.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration, match="end"):
        next(talk)
    assert echo.breaker.state is State.CLOSED


def test_an_object_that_is_called_as_a_coroutine_is_guarded_as_one(name):
    class Charge:
        async def __call__(self) -> None:
            raise BoomError

    charge = breaker(name, in_a_row=1)(Charge())
    with pytest.raises(BoomError):
        asyncio.run(charge())
    with pytest.raises(BreakerOpen):
        asyncio.run(charge())


def test_the_error_of_the_call_reaches_the_caller_whatever_a_test_of_errors_does(name):
    def is_bad(error: Any) -> bool:
        return error.response.status >= 500

    @breaker(name, in_a_row=2, failures=is_bad, ignore=is_bad, retry_after=lambda e: e.args[9])
    def charge() -> None:
        raise BoomError

    for _ in range(2):
        with pytest.raises(BoomError):
            charge()
    with pytest.raises(BreakerOpen):
        charge()


def test_a_window_of_fewer_calls_than_min_calls_is_judged_when_it_is_full(name):
    @breaker(name, window=10)
    def charge() -> None:
        raise BoomError

    for _ in range(10):
        with pytest.raises(BoomError):
            charge()
    with pytest.raises(BreakerOpen):
        charge()


def test_a_block_may_be_left_in_another_context_than_it_was_entered_in(name):
    payments = breaker(name)

    def session() -> Iterator[int]:
        with payments:
            yield 1
            raise BoomError

    for _ in range(2):
        steps = session()
        contextvars.copy_context().run(next, steps)
        with pytest.raises(BoomError):
            contextvars.copy_context().run(next, steps)
    assert payments.breaker.stats().counts.failed == 2
