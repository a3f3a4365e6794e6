"""Trials by health check: a thread asks the dependency, so that no user has to try it out."""

import inspect
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from healing.breakers.machine import State
from healing.breakers.permit import Permit

_log = logging.getLogger(__name__)
_SHORTEST, _LONGEST = 0.02, 1.0
"""Seconds between two looks at a breaker that lets no trial begin yet."""


class Probed(Protocol):
    """The side of a breaker that a prober sees."""

    name: str

    @property
    def state(self) -> State:
        """What it does with calls."""
        ...

    def acquire_trial(self) -> Permit | float | None:
        """Give a trial, or seconds until there may be one; None when nobody knows."""
        ...


class Prober:
    """Takes the trials of one breaker, in a daemon thread that lives while it is open.

    Args:
        breaker: Whose trials.
        check: Asks the dependency; False or an error is a failure. A function needs a timeout of
            its own: while it hangs no other trial begins. A coroutine function is cancelled.
        within: Gives the seconds after which a coroutine is cancelled.
    """

    def __init__(
        self, breaker: Probed, check: Callable[[], Any], within: Callable[[], float]
    ) -> None:
        self._breaker = breaker
        self._check = check
        self._within = within
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a child process: threads do not survive a fork."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Begin, unless it runs already; may be called within the breaker's lock."""
        with self._lock:
            if self._thread is None:
                name = f"breaker-probe-{self._breaker.name}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._lock:
                if self._breaker.state not in {State.OPEN, State.HALF_OPEN}:
                    self._thread = None
                    return
            got = self._breaker.acquire_trial()
            if isinstance(got, Permit):
                got.record(self._is_well())
            else:
                pause.wait(min(max(got or _SHORTEST, _SHORTEST), _LONGEST))

    def _is_well(self) -> bool:
        try:
            if inspect.iscoroutinefunction(self._check):
                import asyncio  # noqa: PLC0415, only who awaits pays for it

                answer = asyncio.run(asyncio.wait_for(self._check(), self._within()))
            else:
                answer = self._check()
        except Exception as error:  # noqa: BLE001, whatever it is, the dependency is not well
            _log.info("probe failed breaker=%s error=%r", self._breaker.name, error)
            return False
        return answer is not False
