"""What processes share through Redis, or anything that speaks its protocol, as Valkey does."""

from healing.adapters.redis.breakers import BreakerStore, connect
from healing.adapters.redis.standing import Control, FleetStanding, Lease, Report, Terms

__all__ = ["BreakerStore", "Control", "FleetStanding", "Lease", "Report", "Terms", "connect"]
