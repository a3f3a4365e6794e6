"""Follow the breakers of the fleet, and say which opened, where something is to be done then."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from healing.finding import Finding
from healing.incidents import Remedy
from healing.policy.openings import sign_of_opening
from healing.settings.recovery_actions import RecoveryAction
from healing.watching import FleetWatch

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=1)


class Notice(Protocol):
    """Takes a finding, and what is to be done about it."""

    def __call__(self, finding: Finding, *, remedy: Remedy | None = None) -> object:
        """Judge it."""
        ...


@dataclass(slots=True)
class BreakerListener:
    """Looks each second, in a thread of its own.

    Attributes:
        watch: Does the looking.
        action: Says what the configuration wants done when a breaker opens; None: nothing.
        notice: Called with each finding.
    """

    watch: FleetWatch
    action: Callable[[str], RecoveryAction | None]
    notice: Notice
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> list[threading.Thread]:
        """Begin to look, unless there is nothing to look at."""
        if not self.watch.is_configured:
            return []
        thread = threading.Thread(target=self._run, name="breakers", daemon=True)
        thread.start()
        return [thread]

    def stop(self) -> None:
        """Stop soon."""
        self._stop.set()

    def look(self) -> None:
        """Look once, and say what opened."""
        for breaker in self.watch.look():
            action = self.action(breaker.name)
            log.info("circuit breaker opened breaker=%s action=%s", breaker.name, action)
            if action is not None:
                finding = sign_of_opening(breaker)
                said = f"{finding.detail}; its recovery_action is {action.word}"
                self.notice(replace(finding, detail=said), remedy=action.remedy)

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                log.exception("a look at the circuit breakers failed")
            if self._stop.wait(EVERY.total_seconds()):
                return
