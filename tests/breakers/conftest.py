"""A clock that stands still until told, and breakers with names of their own."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from healing.breakers import Breaker, LastCalls, Rules

STRICT = Rules(
    fail_rate=0.5,
    min_calls=4,
    window=LastCalls(10),
    open_for=10,
    jitter=0,
    trials=3,
    successes_to_close=2,
    trial_within=5,
)
_names = itertools.count()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[..., Breaker]:
    def made(**changes: Any) -> Breaker:
        rules = replace(STRICT, **changes)
        return Breaker(f"test-{next(_names)}", rules, clock=clock, chance=lambda: 0.5)

    return made


@pytest.fixture
def name() -> str:
    return f"test-{next(_names)}"
