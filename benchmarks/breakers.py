"""What does a breaker cost a call? Ours and others, in each state, one run, turn by turn.

    python -m benchmarks breakers [--quick]

Microseconds that a guarded call takes longer than the bare one; a refused call is counted whole.
The peers take turns within each round, and the best of the rounds is told: figures of one run
compare, those of two runs on a busy machine do not. Peers: `pip install --group bench`.
"""

import asyncio
import contextlib
import math
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks._breaker_fleet import Server, fleet
from benchmarks._breaker_peers import NEVER, CannotError, Peer, module, peers

CALLS = 20_000
ROUNDS = 15
STATES = ("closed", "open", "half open")
THREADS = (4, 16)
BARS = {"closed sync": 0.6, "closed async": 0.8, "open sync": 0.8}
Timed = Callable[[], float]


def main() -> None:
    """Measure and print the tables."""
    quick = "--quick" in sys.argv
    calls, rounds = (2_000, 5) if quick else (CALLS, ROUNDS)
    columns = [f"{state} {kind}" for state in STATES for kind in ("sync", "async")]
    columns += [f"closed, {number} threads" for number in THREADS]
    cells: dict[tuple[str, str], Timed] = {}
    reasons: dict[tuple[str, str], str] = {}
    for peer in peers():
        for column in columns:
            try:
                cells[peer.name, column] = _timed(peer, column, calls)
            except CannotError as reason:
                reasons[peer.name, column] = f"{peer.name}: {reason}"
    bare = {column: _bare(column, calls) for column in columns}
    took = _measure(cells, bare, rounds)
    _print(columns, took)
    for reason in dict.fromkeys(reasons.values()):
        print(f"left out: {reason}")
    _judge(took)
    _commands()
    with _redis_server() as server:
        fleet(server, is_quick=quick)


def _measure(
    cells: dict[tuple[str, str], Timed], bare: dict[str, Timed], rounds: int
) -> dict[tuple[str, str], float]:
    best = dict.fromkeys(cells, math.inf)
    floors = dict.fromkeys(bare, math.inf)
    for _ in range(rounds):
        for column, timed_bare in bare.items():
            floors[column] = min(floors[column], timed_bare())
            for cell, timed in cells.items():
                if cell[1] == column:
                    best[cell] = min(best[cell], timed())
    return {cell: took - floors[cell[1]] for cell, took in best.items()}


def _timed(peer: Peer, column: str, calls: int) -> Timed:
    state = next(state for state in STATES if column.startswith(state))
    if column.endswith(" async"):
        if not peer.is_async:
            raise CannotError("guards coroutines only of Tornado")
        peer.make(_call_async, state)
        return lambda: _loop_async(peer.make(_call_async, state), calls, refused=state == "open")
    peer.make(_call, state)
    threads = int(column.split()[1]) if "threads" in column else 1
    return lambda: _loop(peer.make(_call, state), calls, threads, refused=state == "open")


def _bare(column: str, calls: int) -> Timed:
    if column.startswith("open"):
        return lambda: 0.0
    if column.endswith(" async"):
        return lambda: _loop_async(_call_async, calls, refused=False)
    threads = int(column.split()[1]) if "threads" in column else 1
    return lambda: _loop(_call, calls, threads, refused=False)


def _call() -> int:
    return 1


async def _call_async() -> int:
    return 1


def _loop(call: Callable[[], Any], calls: int, threads: int, *, refused: bool) -> float:
    """Give microseconds per call."""

    def good() -> None:
        for _ in range(calls // threads):
            call()

    def bad() -> None:
        for _ in range(calls):
            try:
                call()
            except Exception:  # noqa: BLE001, S110, each peer has a refusal of its own
                pass
            else:
                raise AssertionError("it was to refuse")

    work = bad if refused else good
    if threads == 1:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / calls * 1e6
    workers = [threading.Thread(target=work) for _ in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.perf_counter() - began) / calls * 1e6


def _loop_async(call: Callable[[], Any], calls: int, *, refused: bool) -> float:
    """Give microseconds per call."""

    async def work() -> float:
        began = time.perf_counter()
        if refused:
            for _ in range(calls):
                try:
                    await call()
                except Exception:  # noqa: BLE001, S110, each peer has a refusal of its own
                    pass
                else:
                    raise AssertionError("it was to refuse")
        else:
            for _ in range(calls):
                await call()
        return (time.perf_counter() - began) / calls * 1e6

    return asyncio.run(work())


def _print(columns: list[str], took: dict[tuple[str, str], float]) -> None:
    print("microseconds per call, best of the rounds\n")
    print("| | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for peer in dict.fromkeys(name for name, _ in took):
        row = [took.get((peer, column)) for column in columns]
        print(f"| {peer} | " + " | ".join("-" if t is None else f"{t:.2f}" for t in row) + " |")
    print()


def _judge(took: dict[tuple[str, str], float]) -> None:
    for column, bar in BARS.items():
        ours = took["healing, 60 s", column]
        word = "holds" if ours <= bar else "MISSED"
        print(f"bar {column} <= {bar} us: {ours:.2f} us, {word}")
    rival = took.get(("circuitbreaker", "closed sync"))
    if rival is not None:
        ours = took["healing, 60 s", "closed sync"]
        word = "holds" if ours <= rival else "MISSED"
        print(f"bar closed sync <= circuitbreaker: {ours:.2f} and {rival:.2f} us, {word}")


def _commands() -> None:
    """Print what pybreaker asks Redis for one call, as `INFO commandstats` counts it."""
    print()
    try:
        library = module("pybreaker")
        redis = module("redis")
        with _redis_server() as (port, _):
            client = redis.Redis(port=port)
            storage = library.CircuitRedisStorage("closed", client)
            one = library.CircuitBreaker(fail_max=NEVER, reset_timeout=NEVER, state_storage=storage)
            for what, call in (("a good call", _call), ("a failed call", _fail)):
                print(f"pybreaker with Redis, {what}: {_asked(client, one, call)}")
            one.open()
            print(f"pybreaker with Redis, a refused call: {_asked(client, one, _call)}")
    except (CannotError, OSError) as reason:
        print(f"left out: pybreaker with Redis: {reason}")


def _fail() -> None:
    raise OSError


def _asked(client: Any, one: Any, call: Callable[[], Any], calls: int = 200) -> str:
    client.config_resetstat()
    began = time.perf_counter()
    for _ in range(calls):
        with contextlib.suppress(Exception):
            one.call(call)
    took = (time.perf_counter() - began) / calls * 1e6
    stats = client.info("commandstats")
    said = {
        name.removeprefix("cmdstat_"): figures["calls"] / calls
        for name, figures in stats.items()
        if not name.startswith(("cmdstat_config", "cmdstat_info", "cmdstat_client"))
    }
    return " + ".join(f"{n:.0f} {name.upper()}" for name, n in said.items()) + f", {took:.0f} us"


@contextlib.contextmanager
def _redis_server() -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        server = subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            ends = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                if time.monotonic() > ends:
                    raise OSError("redis-server did not start within 10 s")
                time.sleep(0.05)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait(10)


if __name__ == "__main__":
    main()
