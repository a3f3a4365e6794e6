"""What processes share through Redis, or anything that speaks its protocol, as Valkey does."""

from healing.adapters.redis.breakers import BreakerStore, connect
from healing.adapters.redis.operating import RedisFleet
from healing.adapters.redis.standing import Control, FleetStanding, Lease, Report, Terms
from healing.adapters.redis.syncer import Syncer
from healing.adapters.redis.terms import terms_of

__all__ = [
    "BreakerStore",
    "Control",
    "FleetStanding",
    "Lease",
    "RedisFleet",
    "Report",
    "Syncer",
    "Terms",
    "connect",
    "terms_of",
]
