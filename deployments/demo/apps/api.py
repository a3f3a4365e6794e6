"""Takes orders and lists them; keeps them in the cache."""

import random
import time

from cache import CacheError, ask, ask_all
from web import Answer, Question, Service

USUAL_WORK = 0.004
SPREAD = 0.5
LISTED = 10
KEPT = 100
JOBS_KEPT = 1000

chance = random.Random()  # noqa: S311 - nothing is secret here


def work() -> None:
    """Take some time, most often about as much as usual."""
    time.sleep(USUAL_WORK * chance.lognormvariate(0, SPREAD))


def list_orders(_: Question) -> Answer:
    """List the latest orders."""
    work()
    try:
        return 200, "\n".join([*ask("LRANGE", "orders", 0, LISTED - 1), ""])
    except CacheError as error:
        return 503, f"{error}\n"


def take_order(_: Question) -> Answer:
    """Take an order and leave its delivery to the worker."""
    work()
    try:
        number = ask("INCR", "orders:taken")
        ask_all(
            [
                ("LPUSH", "orders", number),
                ("LTRIM", "orders", 0, KEPT - 1),
                ("LPUSH", "jobs", number),
                ("LTRIM", "jobs", 0, JOBS_KEPT - 1),
            ]
        )
    except CacheError as error:
        return 503, f"{error}\n"
    return 200, f"order {number} taken\n"


def trouble() -> str:
    """Without the cache there are no orders."""
    try:
        ask("PING")
    except CacheError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    Service(trouble, {"GET /orders": list_orders, "POST /orders": take_order}).run()
