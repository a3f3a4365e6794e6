"""How a breaker stands, as frozen values."""

from dataclasses import dataclass

from healing.breakers.fleet import FleetView
from healing.breakers.machine import Counts, Standing, State
from healing.breakers.override import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How a breaker stands, for people and metrics."""

    name: str
    state: State
    standing: Standing
    counts: Counts
    rejected: int
    """Calls refused since it was made."""
    retry_after: float | None
    """Seconds until trials begin; None when it does not refuse, or nobody knows."""
    override: Override | None
    fleet: FleetView | None
