"""The typed actions that the words and commands of a file turn into.

This is the whole list of what a file can ask for: there is no action that runs a command. `None`
as a target always means the service in trouble.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from healing.services import Target

CACHE_PREFIX = "cache:{service}:"
"""Keys that may be cleared without harm, unless the file names others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartContainer:
    """Stop the containers of a service and start them again."""

    target: Target | None = None
    grace: timedelta | None = None
    """Time to stop by itself; None takes the service's own."""
    only_if_still_unwell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartContainer:
    """Start the containers of a service that do not run."""

    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopGracefully:
    """Ask a service to stop, and give it time; killed only when the time is up."""

    target: Target | None = None
    grace: timedelta | None = None
    """Time to stop by itself; None takes the service's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecreateService:
    """Make the containers of a service anew from the same definition."""

    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleService:
    """Run another number of replicas."""

    target: Target | None = None
    replicas: int | None = None
    """None when whoever asks says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDanglingImages:
    """Remove image layers that nothing refers to; never containers, never volumes."""

    older_than: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCachePrefix:
    """Remove the keys that begin with a prefix, in small steps."""

    prefix: str = CACHE_PREFIX
    """`{service}` stands for the service in trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCacheKeys:
    """Remove exactly these keys."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPool:
    """Have a service, or the pooler before its database, renew its connections."""

    database: str | None = None
    """The pooler's database; None means the pool of the service in trouble."""


class SessionState(StrEnum):
    """PostgreSQL's words for a session that does nothing."""

    IDLE = "idle"
    IDLE_IN_TRANSACTION = "idle in transaction"
    IDLE_IN_TRANSACTION_ABORTED = "idle in transaction (aborted)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateIdleSessions:
    """End a few database sessions that have done nothing for a while.

    Never superusers, replication, maintenance, or our own session.
    """

    states: tuple[SessionState, ...] = tuple(SessionState)
    idle_for: timedelta = timedelta(minutes=5)
    at_most: int = 5
    """Sessions in one round."""
    database: str | None = None
    user: str | None = None
    application: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectGarbage:
    """Ask a service to give memory back by its own means."""

    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHealthCheck:
    """Ask the probes of a service, and go on only when they are content."""

    target: Target | None = None


Action: TypeAlias = (
    RestartContainer
    | StartContainer
    | StopGracefully
    | RecreateService
    | ScaleService
    | RemoveDanglingImages
    | ClearCachePrefix
    | ClearCacheKeys
    | ResetPool
    | TerminateIdleSessions
    | CollectGarbage
    | RunHealthCheck
)

KNOWN_ACTIONS: Mapping[str, Action] = {
    "graceful_shutdown": StopGracefully(),
    "stop_service": StopGracefully(),
    "start_service": StartContainer(),
    "restart_service": RestartContainer(),
    "restart_container": RestartContainer(),
    "restart_if_needed": RestartContainer(only_if_still_unwell=True),
    "recreate_service": RecreateService(),
    "scale_service": ScaleService(),
    "clear_cache": ClearCachePrefix(),
    "clear_caches": ClearCachePrefix(),
    "kill_idle_connections": TerminateIdleSessions(),
    "reset_connection_pool": ResetPool(),
    "reconnect_pool": ResetPool(),
    "validate_connectivity": RunHealthCheck(),
    "health_check": RunHealthCheck(),
    "force_garbage_collection": CollectGarbage(),
}
"""What the words in `recovery.procedures` mean unless the `actions` section says otherwise."""
