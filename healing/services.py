"""What we look after: services, how to find them, how to ask them, what they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from healing.errors import UnknownServiceError
from healing.names import InstanceName, ServiceName, SignalName


class Level(StrEnum):
    """How much we may do on our own."""

    OBSERVE = "observe"
    """Write down what is seen; never plan."""
    RECOMMEND = "recommend"
    """Diagnose and plan, and say what would have been done."""
    APPROVE = "approve"
    """Plan, and wait for a person before acting."""
    AUTO = "auto"
    """Act within the limits."""


class Expect(StrEnum):
    """How a service is meant to be found."""

    RUNNING = "running"
    COMPLETED = "completed"
    """A job: ending with exit code 0 is success."""


@dataclass(frozen=True, slots=True)
class ByName:
    """The container (or supervised process) of exactly this name."""

    name: InstanceName


@dataclass(frozen=True, slots=True)
class ByCompose:
    """Every container of one Compose service; any project when `project` is None."""

    service: str
    project: str | None = None


@dataclass(frozen=True, slots=True)
class ByLabel:
    """Every container that carries this label; with any value when `value` is None."""

    label: str
    value: str | None = None


Target: TypeAlias = ByName | ByCompose | ByLabel


@dataclass(frozen=True, slots=True)
class Http:
    """GET an address; an answer from 200 to 399 is good.

    An empty host, as in `http://:8080/health`, means the container's own address.
    """

    url: str


@dataclass(frozen=True, slots=True)
class Tcp:
    """Open a connection. An empty `host` means the container's own address."""

    port: int
    host: str = ""


@dataclass(frozen=True, slots=True)
class Exec:
    """Run a program inside the container; exit code 0 is good."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One way to ask a container whether it works."""

    check: Http | Tcp | Exec
    every: timedelta = timedelta(seconds=4)
    timeout: timedelta = timedelta(seconds=2)
    failures: int = 2
    """Bad answers in a row before it counts as unresponsive."""


REPLICA = "{replica}"
"""Stands for the name of a container in a query that is put once for each."""


class Direction(StrEnum):
    """Which way a signal has to stray to be worth an alarm."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One measured quantity of a service."""

    name: SignalName
    query: str
    """PromQL that gives one series (several are summed by the query, not by us)."""
    unit: str = ""
    capacity: float | str | None = None
    """Where it is full, in `unit`, or PromQL that says so; None when it cannot run out."""
    per_replica: str = ""
    """PromQL of one replica, `{replica}` for the name of its container; empty: not asked."""
    direction: Direction | None = None
    """Which way it has to stray to be worth an alarm; None goes by what it is."""
    min_deviation: float | None = None
    """How far, in `unit`; None is a hundredth of what it may be at most, where that is known."""
    min_relative_deviation: float = 0.0
    """How far, as a share of what is usual at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often and how fast we may act on one service."""

    cool_down: timedelta = timedelta(minutes=1)
    """Rest after an act on the same container; doubles with each act within an hour, to an hour."""
    budget: int = 3
    """Acts on the service within `budget_window`."""
    budget_window: timedelta = timedelta(hours=1)
    settle: timedelta = timedelta(seconds=30)
    """After a start, time in which a bad answer is not yet held against a container."""
    stable_for: timedelta = timedelta(seconds=30)
    """How long it must be well before we call it healed."""
    verify_within: timedelta = timedelta(minutes=3)
    """How long we wait for it to become stable."""
    stop_grace: timedelta | None = None
    """Time to stop by itself before it is killed; None takes the container's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the stack."""

    name: ServiceName
    target: Target
    probes: tuple[Probe, ...] = ()
    signals: tuple[Signal, ...] = ()
    depends_on: tuple[ServiceName, ...] = ()
    level: Level = Level.AUTO
    limits: Limits = field(default_factory=Limits)
    expect: Expect | None = None
    """None: one with a probe or a HEALTHCHECK is meant to run, any other may end with code 0."""
    critical: bool = False
    """Acting needs a person's approval."""
    holds_data: bool = False
    """Never recreated, never pruned."""
    hold: str = ""
    """A reason to leave it alone for now; empty when there is none."""


@dataclass(frozen=True, slots=True)
class Stack:
    """All services, by name."""

    services: Mapping[ServiceName, Service]

    def __getitem__(self, name: ServiceName) -> Service:
        """Look a service up.

        Raises:
            UnknownServiceError: There is no such service.
        """
        try:
            return self.services[name]
        except KeyError:
            raise UnknownServiceError(name, tuple(sorted(self.services))) from None
