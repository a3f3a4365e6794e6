"""A recovery tries a fleet's breaker out by a health check, before any user's request does."""

import logging
from collections.abc import Callable

from healing.breakers.operating import FleetBreaker
from healing.errors import StateUnavailableError
from healing.ports import FleetBreakers

log = logging.getLogger(__name__)


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

    def settle_by(self, name: str, check: Callable[[], bool]) -> str:
        """Run a health check as a trial of a breaker, where one is due.

        The leave for it is taken first, so that no more trials than permitted ever run; a check
        that raises is a failed one.

        Returns:
            What came of it, in words; empty when the breaker lets calls through, no trial is due,
            or the shared state is away.
        """
        known = self._seen(name)
        if self._fleet is None or known is None or not known.refuses:
            return ""
        try:
            _, trial = self._fleet.take_trial(name)
            if trial is None:
                return ""
            ok = False
            try:
                ok = check()
            finally:
                after = self._fleet.settle_trial(name, trial, ok=ok)
        except StateUnavailableError as error:
            log.warning("breaker not tried out breaker=%s error=%s", name, error)
            return ""
        said = f"its breaker was tried out by a health check: {'good' if ok else 'bad'}"
        log.info("%s breaker=%s state=%s", said, name, after.state)
        return f"{said}, {after.state.value.replace('_', ' ')} now"
