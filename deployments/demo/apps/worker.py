"""Delivers what was ordered; leaks memory when it is asked to."""

import os
import signal
import sys
import time

from cache import CacheError, ask
from web import Answer, Question, Service, every, memory_limit, resident_memory

WORK = 0.003
IDLE = 0.1
STEP = 0.5
UNWELL_AFTER = 5.0

held: list[bytes] = []
leak_rate = 0.0
last_round = time.monotonic()
waiting = 0


def deliver() -> None:
    """Take one job from the queue and do it."""
    global last_round, waiting  # noqa: PLW0603 - facts about the whole program
    try:
        job = ask("RPOP", "jobs")
        waiting = ask("LLEN", "jobs")
    except CacheError:
        time.sleep(STEP)
        return
    last_round = time.monotonic()
    if job is None:
        time.sleep(IDLE)
        return
    began = time.perf_counter()
    while time.perf_counter() - began < WORK:
        pass
    service.metrics.count("jobs_total")
    service.metrics.observe("job_duration_seconds", time.perf_counter() - began)


def leak() -> None:
    """Hold on to some more memory, and die as a container does when there is none left.

    In a container the kernel is first; as a plain process nobody else would end it.
    """
    if leak_rate:
        held.append(os.urandom(int(leak_rate * STEP)))
    if (limit := memory_limit()) and resident_memory() > limit:
        print("out of memory", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        os._exit(137)


def leak_on(question: Question) -> Answer:
    """Begin to leak `rate` bytes a second; 0 ends it."""
    global leak_rate  # noqa: PLW0603 - one fact about the whole program
    leak_rate = float(question.get("rate", "0"))
    return 200, f"leaking {leak_rate:.0f} bytes a second\n"


def trouble() -> str:
    """Without the cache there is no work."""
    silence = time.monotonic() - last_round
    return f"no look at the queue for {silence:.0f} s" if silence > UNWELL_AFTER else ""


service = Service(trouble, {"POST /leak": leak_on})
service.metrics.counter("jobs_total", "Jobs done.")
service.metrics.duration("job_duration_seconds", "Time to do a job.")
service.metrics.read("queue_depth", "Jobs waiting.", lambda: waiting)

if __name__ == "__main__":
    every(STEP, leak)
    every(0, deliver)
    service.run()
