"""An application that forks its workers after it was imported, as gunicorn does with --preload.

    python -m tests.adapters.redis.workers SCENARIO WORKERS

Each worker prints one line of JSON and ends.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from redis import Redis

from healing import breaker
from healing.breakers import BreakerOpen

payments = breaker(
    "payments",
    scope="fleet",
    open_for=0.2,
    jitter=0,
    trials=3,
    trials_at_once=2,
    successes_to_close=2,
    trial_within=0.5,
)
_PATIENCE = 20.0


@payments
def pay(*, ok: bool) -> None:
    if not ok:
        raise ConnectionError


def tried(*, ok: bool) -> str:
    try:
        pay(ok=ok)
    except BreakerOpen as refused:
        return refused.scope
    except ConnectionError:
        return "failed"
    return "good"


def until(claim: Callable[[], object]) -> bool:
    end = time.monotonic() + _PATIENCE
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def members() -> int:
    store: Any = Redis.from_url(os.environ["HEALING_REDIS_URL"])
    return store.zcard(f"healing:{{cb0}}:m:{payments.breaker.name}")


def nine_failures_each(_: int) -> dict[str, Any]:
    for _ in range(9):
        tried(ok=False)
    return {"refused": until(lambda: tried(ok=True) == "fleet")}


def one_of_them_is_bad(number: int) -> dict[str, Any]:
    end = time.monotonic() + 3
    seen: set[str] = set()
    while time.monotonic() < end:
        seen.add(tried(ok=number > 0))
        time.sleep(0.01)
    return {"number": number, "seen": sorted(seen)}


def thirty_of_a_hundred_probers_crash(_: int) -> dict[str, Any]:
    """Trials fail until somebody says that the dependency is healed; some never come back."""
    state = Redis.from_url(os.environ["HEALING_REDIS_URL"], decode_responses=True)
    for _ in range(20):
        if payments.breaker.fleet.view is None or payments.breaker.state == "closed":
            tried(ok=False)

    def turn() -> bool:
        permit = payments.try_acquire()
        is_healed = bool(state.get("healed"))
        if permit is not None and permit.ticket is not None:
            state.hincrby("admitted", getattr(permit.ticket, "epoch", -1))
            if secrets.randbelow(10) < 3 and not is_healed:
                state.incr("crashed")
                return False  # the permit is forgotten, as by a process that died
        if permit is not None:
            permit.record(is_healed)
        return is_healed and payments.breaker.state == "closed"

    return {"closed": until(turn)}


SCENARIOS: dict[str, Callable[[int], dict[str, Any]]] = {
    one.__name__: one
    for one in (nine_failures_each, one_of_them_is_bad, thirty_of_a_hundred_probers_crash)
}


def main() -> None:
    scenario, workers = SCENARIOS[sys.argv[1]], int(sys.argv[2])
    assert until(lambda: payments.breaker.fleet.view), "the parent never joined"
    children: list[int] = []
    for number in range(workers):
        child = os.fork()
        if child == 0:
            # All begin when all are there: each has to be known by then.
            said = {"ready": until(lambda: members() > workers), **scenario(number)}
            # In one piece, as all write to the same pipe.
            os.write(1, (json.dumps(said) + "\n").encode())
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
