"""What is broken, and how long it took to be noticed, acted upon and well again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployments.demo.healer import Healer
from deployments.demo.world import World

LOOK_EVERY = 0.2
LEAK = 2 * 1024 * 1024
"""Bytes a second: less than two minutes from usual to full."""
ABOVE_USUAL = 1.5
"""So many times its usual memory is a leak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: In an operator's words.
        container: What it happens to.
        service: The service it is a part of.
        breaks: Does it.
        is_well: Our own look, with nothing of the agent's in it: is it really well again?
        within: Seconds in which it must be.
        needs_metrics: Whether only metrics can show it.
    """

    name: str
    container: str
    service: str
    breaks: Callable[[], None]
    is_well: Callable[[], bool]
    within: float
    needs_metrics: bool = False


@dataclass(slots=True, kw_only=True)
class Healing:
    """How one fault went."""

    fault: Fault
    began: datetime
    incident: dict[str, Any] | None = None
    well_after: float | None = None
    """Seconds until our own look said so, and it stayed so to the end of the incident."""

    @property
    def is_healed(self) -> bool:
        """Whether it was really healed, and by an incident of the right container."""
        ended = self.incident is not None and self.incident["ending"] == "healed"
        return ended and self.well_after is not None

    @property
    def seen_after(self) -> float | None:
        """Seconds until the agent noticed."""
        return self._since(self.incident and self.incident["opened_at"])

    @property
    def acted_after(self) -> float | None:
        """Seconds until the agent began to act."""
        seen, waited = self.seen_after, self.incident and self.incident["seconds_to_act"]
        return None if seen is None or waited is None else seen + waited

    def _since(self, at: str | None) -> float | None:
        if not at:
            return None
        return (datetime.fromisoformat(at) - self.began).total_seconds()


def watch(fault: Fault, healer: Healer) -> Healing:
    """Break it, and watch until it is healed, or its time is up."""
    known = {incident["id"] for incident in healer.incidents(fault.service)}
    healing = Healing(fault=fault, began=datetime.now(UTC))
    fault.breaks()
    broke = time.monotonic()
    was_down = False
    while (passed := time.monotonic() - broke) < fault.within:
        well = fault.is_well()
        was_down = was_down or not well
        if not well:
            healing.well_after = None
        elif was_down and healing.well_after is None:
            healing.well_after = passed
        healing.incident = next(
            (
                incident
                for incident in healer.incidents(fault.service)
                if incident["id"] not in known and incident["container"] == fault.container
            ),
            healing.incident,
        )
        if healing.well_after and healing.incident and healing.incident["ending"]:
            break
        time.sleep(LOOK_EVERY)
    return healing


def three_faults(world: World, project: str) -> tuple[Fault, ...]:
    """Kill one, hang one, make one leak."""
    killed, hung, leaking = (f"{project}-{name}-1" for name in ("cache", "api", "worker"))

    usual = world.memory(leaking)

    def kill() -> None:
        world.kill(killed)

    def hang() -> None:
        world.hang(hung)

    def leak() -> None:
        world.leak(leaking, bytes_per_second=LEAK)

    def is_slim() -> bool:
        return world.probe(leaking) and world.memory(leaking) < ABOVE_USUAL * usual

    return (
        Fault(
            name="killed",
            container=killed,
            service="cache",
            breaks=kill,
            is_well=lambda: world.probe(killed),
            within=60,
        ),
        Fault(
            name="hangs, port open",
            container=hung,
            service="api",
            breaks=hang,
            is_well=lambda: world.probe(hung),
            within=90,
        ),
        Fault(
            name="leaks memory",
            container=leaking,
            service="worker",
            breaks=leak,
            is_well=is_slim,
            within=150,
            needs_metrics=True,
        ),
    )
