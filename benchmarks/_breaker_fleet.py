"""What sharing a breaker costs a call, what it asks of Redis, and how soon all know."""

import contextlib
import logging
import os
import signal
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from redis import Redis

from healing.adapters.redis import BreakerStore, Control, Report, Syncer, connect, terms_of
from healing.breakers import Breaker, Rules, State

CALLS = 20_000
ROUNDS = 9
PODS = 20
RULES = Rules(open_for=3600, open_at_most=3600, jitter=0, min_calls=10)
Server = tuple[int, int]
"""Port and process."""


def fleet(server: Server, *, is_quick: bool) -> None:
    """Print the tables."""
    logging.getLogger("healing").setLevel(logging.ERROR)
    calls, rounds = (2_000, 3) if is_quick else (CALLS, ROUNDS)
    print("\nscope=fleet: ns per call (median, 99 of 100), Redis commands per 1,000 calls\n")
    print("| | one process | fleet | Redis paused | p99 paused / one process | commands |")
    print("|---|---|---|---|---|---|")
    for state in ("closed", "failing", "open"):
        _row(server, state, calls, rounds)
    print()
    _soon(server)
    _script_cost(server)


def _row(server: Server, state: str, calls: int, rounds: int) -> None:
    port, process = server
    alone = _in_state(Breaker(f"alone-{uuid.uuid4().hex}", _rules(state)), state)
    with _pods(port, 1, _rules(state)) as (shared,), Redis(port=port) as client:
        _in_state(shared, state)
        wanted = State.OPEN if state == "open" else State.CLOSED
        _until(lambda: shared.fleet.view is not None and shared.fleet.view.state is wanted)
        took: dict[str, list[tuple[float, float]]] = {"alone": [], "fleet": [], "paused": []}
        asked = 0
        for _ in range(rounds):
            took["alone"].append(_timed(alone, state, calls))
            before = _commands(client)
            took["fleet"].append(_timed(shared, state, calls))
            asked += _commands(client) - before
            os.kill(process, signal.SIGSTOP)
            # Half a second is the thread's pace: it is in the middle of waiting by then.
            time.sleep(0.6)
            took["paused"].append(_timed(shared, state, calls))
            os.kill(process, signal.SIGCONT)
            _until(lambda: shared.fleet.view is not None)
    middle = {
        how: tuple(statistics.median(column) for column in zip(*times, strict=True))
        for how, times in took.items()
    }
    cells = [f"{median:.0f}, {p99:.0f}" for median, p99 in middle.values()]
    ratio = statistics.median(
        paused[1] / one[1] for paused, one in zip(took["paused"], took["alone"], strict=True)
    )
    per_thousand = 1000 * asked / (rounds * calls)
    print(f"| {state} | {' | '.join(cells)} | {ratio:.2f} | {per_thousand:.2f} |")


def _rules(state: str) -> Rules:
    if state == "failing":
        return Rules(fail_rate=None)
    return RULES


def _in_state(breaker: Breaker, state: str) -> Breaker:
    if state == "open":
        for _ in range(RULES.min_calls):
            breaker.acquire().record(False)  # noqa: FBT003
    return breaker


def _timed(breaker: Breaker, state: str, calls: int) -> tuple[float, float]:
    """Give the median and the 99th percentile of one call, in nanoseconds."""
    clock, ok, took = time.perf_counter_ns, state == "closed", []
    for _ in range(calls):
        began = clock()
        permit = breaker.try_acquire()
        if permit is not None:
            permit.record(ok)
        took.append(clock() - began)
    took.sort()
    return took[calls // 2], took[calls * 99 // 100]


def _soon(server: Server) -> None:
    """Print how long it takes until every process knows."""
    port, _ = server
    heard: list[float] = []
    opened: list[float] = []
    with _pods(port, PODS, RULES) as pods:
        store = BreakerStore(connect(f"redis://127.0.0.1:{port}"))
        name, terms = pods[0].name, terms_of(RULES)
        for turn in range(ROUNDS):
            began = time.perf_counter()
            action = "disabled" if turn % 2 == 0 else "auto"
            store.control(name, terms, Control(action=action, by="bench", why="bench"))
            wanted = State.DISABLED if turn % 2 == 0 else State.CLOSED
            _until_all(pods, wanted)
            heard.append(time.perf_counter() - began)
        for _ in range(ROUNDS):
            store.control(name, terms, Control(action="reset", by="bench", why="bench"))
            _until_all(pods, State.CLOSED)
            began = time.perf_counter()
            for pod in pods[:3]:
                for _ in range(9):
                    pod.acquire().record(False)  # noqa: FBT003
            _until_all(pods, State.OPEN)
            opened.append(time.perf_counter() - began)
    for what, times in (("an operator's word", heard), ("failures of three", opened)):
        worst = max(times) * 1000
        middle = statistics.median(times) * 1000
        print(f"until all {PODS} know of {what}: median {middle:.0f} ms, longest {worst:.0f} ms")


def _script_cost(server: Server) -> None:
    """Print what one report costs Redis, by the size of the fleet."""
    port, _ = server
    store, terms = BreakerStore(connect(f"redis://127.0.0.1:{port}")), terms_of(RULES)
    with Redis(port=port) as client:
        for members in (10, 100, 1000):
            name = uuid.uuid4().hex
            for number in range(members):
                store.sync(name, terms, Report(instance=f"pod-{number}", calls=1))
            client.config_resetstat()
            for number in range(200):
                report = Report(instance=f"pod-{number % members}", number=number + 2, calls=1)
                store.sync(name, terms, report)
            stats: Any = client.info("commandstats")
            cost = stats["cmdstat_evalsha"]["usec_per_call"]
            print(f"one report in a fleet of {members}: {cost:.0f} us of Redis")


@contextlib.contextmanager
def _pods(port: int, many: int, rules: Rules) -> Iterator[list[Breaker]]:
    name = f"bench-{uuid.uuid4().hex}"
    pods = [Breaker(name, rules, scope="fleet") for _ in range(many)]
    clients = [connect(f"redis://127.0.0.1:{port}") for _ in pods]
    syncers = [
        Syncer(BreakerStore(client), lambda one=pod: [one])
        for client, pod in zip(clients, pods, strict=True)
    ]
    for syncer in syncers:
        syncer.start()
    _until(lambda: all(pod.fleet.view for pod in pods))
    try:
        yield pods
    finally:
        for syncer, client in zip(syncers, clients, strict=True):
            syncer.stop()
            client.close()


def _commands(client: Redis) -> int:
    stats: Any = client.info("commandstats")
    return sum(figures["calls"] for name, figures in stats.items() if "info" not in name)


def _until_all(pods: list[Breaker], state: State) -> None:
    _until(lambda: all(pod.state is state for pod in pods))


def _until(claim: Callable[[], object]) -> None:
    ends = time.monotonic() + 20
    while not claim():
        if time.monotonic() > ends:
            raise TimeoutError("a fleet did not come to agree within 20 s")
        time.sleep(0.001)
