"""Calls with a known outcome, as the two-step form makes them."""

from healing.breakers import Breaker


def ok(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.acquire().record(True)


def fail(breaker: Breaker, times: int = 1, told: float | None = None) -> None:
    for _ in range(times):
        breaker.acquire().record(False, told=told)
