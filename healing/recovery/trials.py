"""A recovery tries a fleet's breaker out by a health check, before any user's request does."""

import logging
from collections.abc import Callable, Hashable

from healing.breakers.operating import FleetBreaker
from healing.errors import StateUnavailableError
from healing.ports import FleetBreakers

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Acts whose trials are over."""
MOST = 20
"""Trials in a row: a breaker that wants more of them gets the rest at the next look."""


class Trials:
    """Takes trials of the breakers that refuse calls.

    Args:
        fleet: Where the breakers are; None where no shared state is configured.
        seen: Gives a breaker as it stands, without asking anybody; None when nobody knows.
    """

    def __init__(
        self,
        fleet: FleetBreakers | None,
        seen: Callable[[str], FleetBreaker | None],
    ) -> None:
        self._fleet = fleet
        self._seen = seen
        self._over: dict[Hashable, None] = {}

    def settle_by(self, name: str, check: Callable[[], bool], *, act: Hashable) -> str:
        """Run health checks as trials of a breaker that refuses calls, until it has decided.

        To be called once what it guards was mended and looks well: trials then need not wait for
        the breaker's time. The leave for each is taken first, so that there are never more than
        permitted; a check that raises is a failed one. After each act it is tried out once: when it
        opens again after that, its callers know better than our health check.

        Args:
            name: The breaker.
            check: Asks the health of what it guards.
            act: What mended it.

        Returns:
            What came of it, in words; empty when nothing was tried: the breaker lets calls
            through, users' requests hold all trials, or the shared state is away.
        """
        known = self._seen(name)
        if self._fleet is None or known is None or act in self._over:
            return ""
        good = bad = 0
        try:
            while known.refuses and bad == 0 and good < MOST:
                known, trial = self._fleet.take_trial(name)
                if trial is None:
                    break
                ok = False
                try:
                    ok = check()
                finally:
                    known = self._fleet.settle_trial(name, trial, ok=ok)
                good, bad = good + ok, bad + (not ok)
        except StateUnavailableError as error:
            log.warning("breaker not tried out breaker=%s error=%s", name, error)
        if bad or (good and not known.refuses):
            self._over[act] = None
            while len(self._over) > REMEMBERED:
                del self._over[next(iter(self._over))]
        if good + bad == 0:
            return ""
        said = f"its callers' breaker was tried out by health checks: {good} good, {bad} bad"
        log.info("%s breaker=%s state=%s", said, name, known.state)
        return f"{said}; it is {known.state.value.replace('_', ' ')} now"
