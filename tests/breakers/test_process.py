"""Real threads, real forks, a fresh interpreter."""

import contextlib
import os
import queue
import subprocess
import sys
import threading

import pytest

from healing.breakers import Breaker, LastCalls, Rules, State, breaker, listen
from tests.breakers.calls import fail


def test_no_call_of_eight_threads_is_lost(name):
    @breaker(name, fail_rate=None, window=LastCalls(10**6))
    def call(bad: bool) -> None:
        if bad:
            raise OSError

    def work() -> None:
        for n in range(2000):
            with contextlib.suppress(OSError):
                call(n % 10 == 0)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = call.breaker.stats().counts
    assert (counts.calls, counts.failed) == (16_000, 1_600)


def test_listeners_run_in_a_thread_and_may_ask_the_breaker(name):
    told = queue.Queue()
    one = Breaker(name, Rules(in_a_row=1))

    def hear(change) -> None:
        if change.name == name:
            told.put((change.before, change.after, one.stats().state, threading.current_thread()))

    stop = listen(hear)
    fail(one)
    before, after, now, thread = told.get(timeout=10)
    stop()
    assert (before, after, now) == (State.CLOSED, State.OPEN, State.OPEN)
    assert thread is not threading.main_thread()


@pytest.mark.parametrize(
    "made",
    ['breaker("payments", in_a_row=1).breaker', 'Breaker("payments", Rules(in_a_row=1))'],
    ids=["decorator", "by-hand"],
)
def test_a_child_of_a_fork_is_not_stuck_in_a_lock_of_its_parent(made):
    program = f"""
import os, sys
from healing.breakers import Breaker, Rules, breaker
payments = {made}
payments._lock.acquire()
child = os.fork()
if not child:
    payments.acquire().record(False)
    os._exit(0 if payments.state == "open" else 1)
payments._lock.release()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_a_child_of_a_fork_remembers_good_answers_whoever_did_so_in_the_parent():
    program = """
import os, sys
from healing.breakers import last_good
memory = last_good()
memory._lock.acquire()
child = os.fork()
if not child:
    memory.learn((1,), {}, "one")
    os._exit(0 if memory.answer((1,), {}) == "one" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_the_light_kit_is_light():
    program = "import healing, sys; healing.breaker; print(*sys.modules)"
    env = {k: v for k, v in os.environ.items() if k != "HEALING_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env
    )
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    heavy = {"numpy", "pandas", "prefect", "sklearn", "redis", "pydantic", "prometheus_client"}
    assert not loaded & heavy
