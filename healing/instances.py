"""What a container looks like from outside, and what can happen to it.

A supervised process looks the same: the words are Docker's, the meaning is general.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from healing.names import InstanceName


class Status(StrEnum):
    """Docker's container states."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """What Docker's own HEALTHCHECK says."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class RestartPolicy(StrEnum):
    """What Docker does by itself when the main process ends."""

    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    UNLESS_STOPPED = "unless-stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One run of a container's HEALTHCHECK."""

    at: datetime
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One container as it stands now."""

    id: str
    name: InstanceName
    status: Status
    health: Health = Health.NONE
    health_log: tuple[HealthCheck, ...] = ()
    """Newest last; Docker keeps five."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    """Of the last run; None while it never ended."""
    out_of_memory: bool = False
    error: str = ""
    """Why the engine could not start it, in its own words."""
    restart_count: int = 0
    restart_policy: RestartPolicy = RestartPolicy.NO
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    address: str = ""
    """Where the agent reaches it; empty when it has no address of its own."""
    published: Mapping[int, str] = field(default_factory=dict[int, str])
    """TCP port inside -> `host:port` where the agent reaches it when `address` is empty."""
    pid: int = 0
    """On the host; 0 while it does not run."""
    memory_limit: int | None = None
    """Bytes; None when unlimited."""
    stop_grace: timedelta = timedelta(seconds=10)

    @property
    def is_running(self) -> bool:
        """Whether its main process runs and is not frozen."""
        return self.status is Status.RUNNING

    @property
    def is_down(self) -> bool:
        """Whether its main process has ended and nothing is bringing it back."""
        return self.status in {Status.EXITED, Status.DEAD, Status.CREATED}


class What(StrEnum):
    """What can happen to a container."""

    CREATED = "created"
    STARTED = "started"
    SIGNALLED = "signalled"
    """Somebody sent it a signal: a stop asks with its stop signal first."""
    DIED = "died"
    STOPPED = "stopped"
    """Somebody stopped it; comes after `DIED`."""
    OUT_OF_MEMORY = "out_of_memory"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    REMOVED = "removed"
    TAKEN_ALONG = "taken_along"
    """Its engine ended and stopped it. No engine tells that: we conclude it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a container, as the engine tells it."""

    what: What
    id: str
    name: InstanceName
    at: datetime
    exit_code: int | None = None
    signal: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
