"""Every breaker of this process by name, and what they do when nobody says otherwise."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from healing.breakers.breaker import Breaker
from healing.breakers.rules import Rules
from healing.surroundings import surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the configuration says of one breaker."""

    rules: Rules
    fallback_response: object = None
    """Answer while it is open; None: no such answer."""
    fallback_to_memory: bool = False
    """Answer with the last good answer before that."""


Lookup = Callable[[str], Defaults | None]


class Registry:
    """The breakers there are.

    Attributes:
        lookup: Says what holds for a name, where nobody says otherwise.
        on_fleet: Told when there is a breaker that a fleet is to share.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._breakers: dict[str, Breaker] = {}
        self._families: list[Family] = []
        self.lookup: Lookup = surroundings.lookup
        self.on_fleet: Callable[[], object] = surroundings.on_fleet

    def add(self, breaker: Breaker) -> Breaker:
        """Take it in, or give the one that has this name already."""
        with self._lock:
            one = self._breakers.setdefault(breaker.name, breaker)
        if one.scope == "fleet":
            self.on_fleet()
        return one

    def add_family(self, family: "Family") -> None:
        """Take in breakers that are made by key."""
        with self._lock:
            self._families.append(family)

    def get(self, name: str) -> Breaker | None:
        """Give the breaker of this name; one by key is named `name:key`."""
        return next((one for one in self.all() if one.name == name), None)

    def all(self) -> tuple[Breaker, ...]:
        """Give all of them, those by key as well."""
        with self._lock:
            by_key = [one for family in self._families for one in family.all()]
            return (*self._breakers.values(), *by_key)

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        self._lock = threading.Lock()
        for family in self._families:
            family.after_fork()


class Family:
    """Breakers of one name, one per key, a bounded number of them.

    When there are too many, the one longest not asked for goes, if it is idle: trouble is never
    forgotten. When all are in trouble, the number may be exceeded rather than that.

    Args:
        parent: Whose rules they take, and whose name they begin with.
        most: Number kept.
    """

    def __init__(self, parent: Breaker, most: int = 1000) -> None:
        self._parent = parent
        self._most = most
        self._lock = threading.Lock()
        self._by_key: OrderedDict[object, Breaker] = OrderedDict()
        parent.pass_rules_to(self.all)

    def of(self, key: object) -> Breaker:
        """Give the breaker of a key."""
        with self._lock:
            found = self._by_key.get(key)
            if found is None:
                parent = self._parent
                # Whatever a caller sends may become a key; what is no text could not be shared.
                name = f"{parent.name}:{key}".encode(errors="backslashreplace").decode()
                found = Breaker(name, parent.rules, scope=parent.scope, clock=parent.clock)
                self._by_key[key] = found
                self._evict()
                parent.fleet.wake()
            self._by_key.move_to_end(key)
            return found

    def all(self) -> tuple[Breaker, ...]:
        """Give those there are."""
        with self._lock:
            return tuple(self._by_key.values())

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        self._lock = threading.Lock()

    def _evict(self) -> None:
        if len(self._by_key) <= self._most:
            return
        newest = next(reversed(self._by_key))
        for key, one in tuple(self._by_key.items()):
            if key != newest and one.is_idle():
                del self._by_key[key]
                return


registry = Registry()
"""The one of this process."""

os.register_at_fork(after_in_child=registry.after_fork)
