"""What is known of every breaker of the fleet: looked at in rounds, answered from memory."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from healing.breakers import State
from healing.breakers.operating import Command, FleetBreaker, Lever, Pulled, Transition
from healing.errors import StateUnavailableError, UnknownBreakerError
from healing.policy.openings import is_an_opening
from healing.ports import FleetBreakers

log = logging.getLogger(__name__)

MOST_READS = 500
"""Breakers read in one round; what is more waits for the next one."""
REFRESHED = 50
"""Breakers whose counts are read anew in a round, those not seen for longest first."""
ALL_NAMES_EVERY = 60
"""Rounds after which all names are asked for, and what nobody uses is forgotten."""
STALE_AFTER = timedelta(seconds=10)
NOT_CONFIGURED = (
    "this agent has no shared state to find circuit breakers in: set `storage.redis_url` or "
    "HEALING_REDIS_URL to the Redis that the applications use (`heal up` starts one)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen last.

    Attributes:
        breakers: By name; None for one that the configuration names and nobody has seen yet.
        why_stale: Why it may not be true any more; empty while it is fresh.
        at: When the last whole round ended; None before the first.
    """

    breakers: Mapping[str, FleetBreaker | None]
    why_stale: str
    at: datetime | None


class FleetWatch:
    """Follows the breakers of a fleet. Safe to use from several threads.

    Args:
        fleet: Where they are; None where no shared state is configured.
        configured: Names that are shown in any case.
        clock: Gives the present time.
    """

    def __init__(
        self,
        fleet: FleetBreakers | None,
        configured: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._fleet = fleet
        self._configured = frozenset(configured)
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, FleetBreaker] = {}
        self._opened: list[FleetBreaker] = []
        self._raised: dict[str, int] = {}
        self._waiting: dict[str, None] = {}
        self._since = 0
        self._rounds = 0
        self._at: datetime | None = None
        self._away = "" if fleet else NOT_CONFIGURED

    @property
    def is_configured(self) -> bool:
        """Whether there is any shared state to look at."""
        return self._fleet is not None

    def require(self) -> None:
        """Make sure that there is any shared state.

        Raises:
            StateUnavailableError: None is configured; the message says how to.
        """
        self._reach()

    def look(self) -> Sequence[FleetBreaker]:
        """Look once, at what may have changed. Returns those that opened by themselves.

        While the shared state is away, what was seen last stays.
        """
        if self._fleet is None:
            return ()
        try:
            self._round(self._fleet)
        except StateUnavailableError as error:
            if not self._away:
                log.warning("circuit breakers are shown as they were seen last: %s", error)
            self._away = str(error)
        else:
            if self._away:
                log.info("the shared state answers again")
            self._away, self._at = "", self._clock()
        with self._lock:
            opened, self._opened = self._opened, []
        return opened

    def sight(self) -> Sight:
        """Give what was seen last; asks nobody."""
        with self._lock:
            names = sorted(self._configured | set(self._seen))
            breakers = {name: self._seen.get(name) for name in names}
        return Sight(breakers=breakers, why_stale=self._why_stale(), at=self._at)

    def is_fresh(self) -> bool:
        """Tell whether what is known is true at this moment."""
        return not self._why_stale()

    def states(self) -> Sequence[tuple[str, State]]:
        """Give the state of each that was ever seen."""
        return [(one.name, one.state) for one in self.sight().breakers.values() if one]

    def get(self, name: str) -> FleetBreaker | None:
        """Give one as it was seen last; None when nobody has seen it. Asks nobody."""
        with self._lock:
            return self._seen.get(name)

    def fresh(self, name: str) -> FleetBreaker | None:
        """Give one as it stands now; None when it may have changed since. Asks nobody."""
        return None if self._why_stale() else self.get(name)

    def check(self, name: str) -> None:
        """Make sure that there is such a breaker.

        Raises:
            UnknownBreakerError: There is none.
            StateUnavailableError: Nobody can tell.
        """
        if name in self.sight().breakers:
            return
        _, names = self._reach().changed(0)
        if name not in names:
            raise UnknownBreakerError(name, tuple(self.sight().breakers))
        self._take(*self._reach().read([name]))

    def history(self, name: str) -> Sequence[Pulled]:
        """Give what operators did to one, newest first.

        Raises:
            StateUnavailableError: It cannot be had now; not asked for while we know that.
        """
        if self._away:
            raise StateUnavailableError(self._away)
        return self._reach().history(name)

    def transitions(self, name: str) -> Sequence[Transition]:
        """Give how one changed and why, newest first.

        Raises:
            StateUnavailableError: It cannot be had now; not asked for while we know that.
        """
        if self._away:
            raise StateUnavailableError(self._away)
        return self._reach().transitions(name)

    def pull(self, name: str, command: Command) -> FleetBreaker:
        """Do what an operator wants, in every process of the fleet.

        Raises:
            StateConflictError: It has changed since the epoch that the command names.
            StateUnavailableError: No answer; it may have been done.
        """
        now = self._reach().pull(name, command)
        log.info(
            "circuit breaker by hand breaker=%s lever=%s by=%s reason=%r lasts=%s",
            *(name, command.lever, command.by, command.reason, command.lasts),
        )
        self._take(now)
        return now

    def _reach(self) -> FleetBreakers:
        if self._fleet is None:
            raise StateUnavailableError(NOT_CONFIGURED)
        return self._fleet

    def _why_stale(self) -> str:
        if self._away:
            return self._away
        if self._at is None:
            return "nobody has looked yet"
        age = self._clock() - self._at
        return "" if age < STALE_AFTER else f"seen {age.total_seconds():.0f} s ago"

    def _round(self, fleet: FleetBreakers) -> None:
        everything = self._rounds % ALL_NAMES_EVERY == 0
        since, changed = fleet.changed(0 if everything else self._since)
        with self._lock:
            if everything:
                self._forget_all_but(changed | self._configured)
                changed = (changed | self._configured) - set(self._seen)
            self._waiting.update(dict.fromkeys(sorted(changed)))
            self._waiting.update(dict.fromkeys(self._out_of_time()))
            names = list(self._waiting)[:MOST_READS]
            longest_ago = sorted(self._seen.values(), key=lambda one: one.seen_at)[:REFRESHED]
        named = dict.fromkeys([*names, *(one.name for one in longest_ago)])
        for seen in fleet.read(list(named)):
            self._take(seen)
            self._waiting.pop(seen.name, None)
        # Not before all of it is read or waits: what a broken round missed, the next one finds.
        self._since = since
        self._rounds += 1

    def _forget_all_but(self, names: Collection[str]) -> None:
        for name, one in list(self._seen.items()):
            if name not in names and not one.members and one.override is Lever.NONE:
                del self._seen[name]
                self._raised.pop(name, None)

    def _out_of_time(self) -> list[str]:
        now = self._clock()
        return [one.name for one in self._seen.values() if one.may_have_changed(now)]

    def _take(self, now: FleetBreaker) -> None:
        with self._lock:
            before = self._seen.get(now.name)
            self._seen[now.name] = now
            # A server that lost writes is told the same opening again: it is the same epoch.
            if is_an_opening(before, now) and self._raised.get(now.name) != now.epoch:
                self._raised[now.name] = now.epoch
                self._opened.append(now)
