"""How a breaker stands, and what an operator said, as frozen values."""

from dataclasses import dataclass

from healing.breakers.fleet import FleetView
from healing.breakers.machine import Counts, Standing, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An operator's word, which goes before the breaker's own."""

    state: State
    reason: str
    by: str
    until: float | None
    """Monotonic time at which it ends by itself; None: until it is taken back."""


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
