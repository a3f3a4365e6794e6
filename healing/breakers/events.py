"""Telling who listens what a breaker did: from a queue, in a thread, never inside a lock."""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from healing.breakers.machine import Because, State

_log = logging.getLogger(__name__)
_LONGEST_QUEUE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A breaker changed what it does with calls."""

    name: str
    before: State
    after: State
    because: Because
    at: float
    """Wall clock, seconds since 1970."""
    by: str = "breaker"
    reason: str = ""


Listener = Callable[[Changed], object]


class Announcer:
    """Listeners of this process, and the thread that tells them."""

    def __init__(self) -> None:
        self.after_fork()
        self._listeners: list[Listener] = []

    def after_fork(self) -> None:
        """Begin anew in a child process: threads do not survive a fork."""
        self._queue: queue.Queue[Changed] = queue.Queue(_LONGEST_QUEUE)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every change from now on. Returns what ends it."""
        self._listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def tell(self, change: Changed) -> None:
        """Put it into the queue; when nobody keeps up, it is dropped rather than waited for."""
        if not self._listeners:
            return
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(change)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="breaker-events", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        waiting = self._queue
        while True:
            change = waiting.get()
            for listener in tuple(self._listeners):
                try:
                    listener(change)
                except Exception:  # noqa: BLE001, the others must still be told
                    _log.exception("a listener failed breaker=%s", change.name)


announcer = Announcer()
"""The one of this process."""

# Registered here, and so before the breakers': a probe that begins anew in the child may tell.
os.register_at_fork(after_in_child=announcer.after_fork)
