"""The breakers that are measured: ours and those of others, each behind the same few questions.

A peer that is not installed, or cannot do what is asked, is left out with its reason.
"""

import contextlib
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

from healing.breakers import Breaker, LastCalls, LastSeconds, Rules, breaker

NEVER = 10**9
Call = Callable[[], Any]
_names = itertools.count()


class CannotError(Exception):
    """This peer has no such thing; the text says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One breaker: gives a guarded function in the state that is asked for."""

    name: str
    make: Callable[[Call, str], Call]
    """Guards a function; the state is `closed`, `open` or `half open`."""
    is_async: bool = True
    """Whether it guards coroutines."""


def peers() -> list[Peer]:
    """Give all of them, installed or not."""
    return [
        Peer("healing, 60 s", lambda call, state: _healing(call, state, LastSeconds(60))),
        Peer("healing, 100 calls", lambda call, state: _healing(call, state, LastCalls(100))),
        Peer("healing, hanging counted", _healing_hanging),
        Peer("circuitbreaker", _circuitbreaker),
        Peer("pybreaker", _pybreaker, is_async=False),
        Peer("purgatory", _purgatory),
        Peer("aiobreaker", _aiobreaker),
        Peer("interlock-cb, 100 calls", lambda call, state: _interlock(call, state, "COUNT_BASED")),
        Peer("interlock-cb, 60 s", lambda call, state: _interlock(call, state, "TIME_BASED")),
    ]


def module(name: str) -> Any:
    """Import a peer.

    Raises:
        CannotError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise CannotError(f"not installed ({error})") from error


def _rules(window: LastCalls | LastSeconds, **changes: Any) -> Rules:
    half_open = {"trials": NEVER, "successes_to_close": NEVER - 1}
    return Rules(window=window, open_for=NEVER, open_at_most=NEVER, **half_open, **changes)


def _healing(call: Call, state: str, window: LastCalls | LastSeconds, **changes: Any) -> Call:
    rules = _rules(window, **changes)
    guarded = breaker(f"bench-{next(_names)}", **_fields(rules))(call)
    one: Breaker = guarded.breaker  # type: ignore[attr-defined]
    if state != "closed":
        _into(one, state)
    return guarded


def _healing_hanging(call: Call, state: str) -> Call:
    return _healing(call, state, LastSeconds(60), slow_after=2.0)


def _fields(rules: Rules) -> Any:
    return {name: getattr(rules, name) for name in Rules.__slots__}


def _into(one: Breaker, state: str) -> None:
    if state == "open":
        one.change_rules(_with(one.rules, in_a_row=1))
        one.acquire().record(False)  # noqa: FBT003
        return
    one.change_rules(_with(one.rules, in_a_row=1, open_for=1e-9, jitter=0.0))
    one.acquire().record(False)  # noqa: FBT003


def _with(rules: Rules, **changes: Any) -> Rules:
    return Rules(**{**_fields(rules), **changes})


def _circuitbreaker(call: Call, state: str) -> Call:
    if state == "half open":
        raise CannotError("half open: its first success closes it")
    library = module("circuitbreaker")
    one = library.CircuitBreaker(
        failure_threshold=5, recovery_timeout=NEVER, name=f"bench-{next(_names)}"
    )
    if state == "open":
        _trip(one(_fail), 5)
    return one(call)


def _pybreaker(call: Call, state: str) -> Call:
    one = module("pybreaker").CircuitBreaker(
        fail_max=5, reset_timeout=NEVER, success_threshold=NEVER
    )
    if state == "open":
        one.open()
    elif state == "half open":
        one.half_open()
    return one(call)


def _purgatory(call: Call, state: str) -> Call:
    if state == "half open":
        raise CannotError("half open: its first success closes it")
    library = module("purgatory")
    name = f"bench-{next(_names)}"
    if _is_coroutine(call):
        factory = library.AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=NEVER)
        if state == "open":
            for _ in range(5):
                _finish(factory(name)(_fail_async)())
    else:
        factory = library.SyncCircuitBreakerFactory(default_threshold=5, default_ttl=NEVER)
        if state == "open":
            _trip(factory(name)(_fail), 5)
    return factory(name)(call)


def _aiobreaker(call: Call, state: str) -> Call:
    if state == "half open":
        raise CannotError("half open: its first success closes it")
    one = module("aiobreaker").CircuitBreaker(fail_max=5, timeout_duration=timedelta(seconds=NEVER))
    if state == "open":
        _trip(one(_fail), 5)
    return one(call)


def _interlock(call: Call, state: str, window: str) -> Call:
    library = module("interlock")
    config = library.Config(
        window_type=library.WindowType[window],
        window_size=100 if window == "COUNT_BASED" else 60,
        minimum_number_of_calls=5,
        wait_duration_in_open=1e-6 if state == "half open" else float(NEVER),
        permitted_calls_in_half_open=100_000,
    )
    one = library.CircuitBreaker(name=f"bench-{next(_names)}", config=config)
    if state != "closed":
        _trip(one(_fail), 5)
    return one(call)


def _fail() -> None:
    raise OSError


async def _fail_async() -> None:
    raise OSError


def _trip(failing: Call, times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(Exception):
            failing()


def _finish(waiting: Awaitable[Any]) -> None:
    """Run a coroutine that waits for nothing."""
    with contextlib.suppress(Exception):
        waiting.__await__().__next__()


def _is_coroutine(call: Call) -> bool:
    return bool(call.__code__.co_flags & 0x80)
