"""Whether trouble is of one service, or of the machine and the networks that many share.

What stops answering everywhere at once has a cause that no restart of a container mends; often it
is we who can no longer ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from healing.names import ServiceName

TOGETHER = timedelta(seconds=60)
"""What began to fail within so long of each other began together."""
MANY = 5
"""So many services at once are a storm, however many there are."""
SOME = 3
"""So many are one where they are more than `SHARE` of all that can be asked."""
SHARE = 0.3
TRY_ONE_AFTER = timedelta(minutes=2)
"""A storm may leave behind what only a restart mends: then one service is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Which services do not answer well now.

    Attributes:
        since: Since when none of their running containers does.
        down: Services none of whose containers runs.
        asked: How many services can be asked at all.
    """

    since: Mapping[ServiceName, datetime]
    down: frozenset[ServiceName]
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Services that began to fail together, and none because of another one."""

    services: tuple[ServiceName, ...]
    """In the order of their names."""
    asked: int
    since: datetime


def storm_around(
    service: ServiceName, failing: Failing, needs: Mapping[ServiceName, tuple[ServiceName, ...]]
) -> Storm | None:
    """Find the storm that a failing service is in; None when it is not in any.

    Args:
        service: The one in question.
        failing: How all of them stand.
        needs: What each of them depends on.
    """
    began = failing.since.get(service)
    if began is None:
        return None
    bad = failing.down | failing.since.keys()
    together = [
        name
        for name, since in failing.since.items()
        if abs(since - began) <= TOGETHER and not _needs_any(name, bad, needs)
    ]
    count = len(together)
    if count < MANY and (count < SOME or count <= SHARE * failing.asked):
        return None
    since = min(failing.since[name] for name in together)
    return Storm(services=tuple(sorted(together)), asked=failing.asked, since=since)


def _needs_any(
    service: ServiceName,
    bad: frozenset[ServiceName],
    needs: Mapping[ServiceName, tuple[ServiceName, ...]],
) -> bool:
    """Tell whether it depends on any of them, over however many others."""
    todo, seen = list(needs.get(service, ())), {service}
    while todo:
        one = todo.pop()
        if one in bad and one != service:
            return True
        if one not in seen:
            seen.add(one)
            todo += needs.get(one, ())
    return False
