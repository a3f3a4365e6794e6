"""Hands requests to the replicas of `api` in turn, and sends some of its own."""

import http.client
import itertools
import os
import random
import threading
import time

from web import Answer, Question, Service, every

PATIENCE = 0.5
SHUNNED_FOR = 2.0
"""After a replica did not answer, others are asked first for this long."""
VISITS_PER_SECOND = 10.0
ORDERS = 0.2
"""Part of the visits that order something."""
UNWELL_AFTER = 5.0

replicas = os.environ["REPLICAS"].split(",")
turn = itertools.count()
shunned: dict[str, float] = {}
last_good = time.monotonic()
chance = random.Random()  # noqa: S311 - nothing is secret here


def hand_on(method: str) -> Answer:
    """Ask one replica after the other until one answers."""
    global last_good  # noqa: PLW0603 - one fact about the whole program
    first = next(turn)
    in_turn = [replicas[(first + i) % len(replicas)] for i in range(len(replicas))]
    now = time.monotonic()
    said = "no replica answers"
    for replica in sorted(in_turn, key=lambda r: shunned.get(r, 0.0) > now):
        try:
            status, text = ask(replica, method)
        except (OSError, http.client.HTTPException) as error:
            shunned[replica] = time.monotonic() + SHUNNED_FOR
            said = f"{replica} does not answer: {error}"
            continue
        if status < http.client.INTERNAL_SERVER_ERROR:
            last_good = time.monotonic()
            return status, text
        said = f"{replica} says {status}: {text.strip()}"
    return 502, f"{said}\n"


def ask(replica: str, method: str) -> Answer:
    """Ask one replica."""
    connection = http.client.HTTPConnection(replica, timeout=PATIENCE)
    try:
        connection.request(method, "/orders")
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def list_orders(_: Question) -> Answer:
    """List the latest orders."""
    return hand_on("GET")


def take_order(_: Question) -> Answer:
    """Take an order."""
    return hand_on("POST")


def trouble() -> str:
    """Without an answer from any replica for a while, the shop is closed."""
    silence = time.monotonic() - last_good
    return f"no good answer for {silence:.0f} s" if silence > UNWELL_AFTER else ""


def visit() -> None:
    """Come in as a customer, without waiting for the one before."""
    method = "POST" if chance.random() < ORDERS else "GET"
    threading.Thread(target=service.answer, args=(method, "/orders"), daemon=True).start()
    time.sleep(chance.expovariate(VISITS_PER_SECOND))


service = Service(trouble, {"GET /orders": list_orders, "POST /orders": take_order})

if __name__ == "__main__":
    every(0, visit)
    service.run()
