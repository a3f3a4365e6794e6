"""Which container belongs to which service, as far as we know now."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from healing.errors import UnknownServiceError
from healing.instances import Instance
from healing.names import InstanceName, ServiceName
from healing.services import ByCompose, ByLabel, ByName, Service, Stack, Target

COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"

ReadStack: TypeAlias = Callable[[Iterable[Instance]], Stack]
"""Says what we look after: the services of the file, and those that containers declare."""


def matches(target: Target, instance: Instance) -> bool:
    """Tell whether `target` means this container."""
    match target:
        case ByName(name):
            return instance.name == name
        case ByCompose(service, project):
            labels = instance.labels
            return labels.get(COMPOSE_SERVICE) == service and (
                project is None or labels.get(COMPOSE_PROJECT) == project
            )
        case ByLabel(label, value):
            there = instance.labels.get(label)
            return there is not None and (value is None or there == value)


@dataclass(frozen=True, slots=True)
class Roster:
    """Every container we look after, with its service.

    Attributes:
        stack: All services, from the file and from labels.
        instances: Every container we look after, as last seen.
        owners: The service of each of them.
    """

    stack: Stack = field(default_factory=lambda: Stack({}))
    instances: Mapping[InstanceName, Instance] = field(default_factory=dict[InstanceName, Instance])
    owners: Mapping[InstanceName, ServiceName] = field(
        default_factory=dict[InstanceName, ServiceName]
    )

    def of(self, service: ServiceName) -> tuple[Instance, ...]:
        """List the containers of one service, by name."""
        names = sorted(name for name, owner in self.owners.items() if owner == service)
        return tuple(self.instances[name] for name in names)

    def owner(self, instance: InstanceName) -> Service | None:
        """Find the service a container belongs to; None when we do not look after it."""
        name = self.owners.get(instance)
        return self.stack.services.get(name) if name is not None else None

    def service(self, name: ServiceName) -> Service:
        """Look a service up by name.

        Raises:
            UnknownServiceError: There is no such service.
        """
        if name not in self.stack.services:
            raise UnknownServiceError(name, tuple(sorted(self.stack.services)))
        return self.stack.services[name]


def call_the_roll(stack: Stack, instances: Iterable[Instance]) -> Roster:
    """Assign each container to the first service that means it, in the order of the stack."""
    present: dict[InstanceName, Instance] = {}
    owners: dict[InstanceName, ServiceName] = {}
    for instance in instances:
        for service in stack.services.values():
            if matches(service.target, instance):
                present[instance.name] = instance
                owners[instance.name] = service.name
                break
    return Roster(stack, present, owners)


class Roll:
    """Holds the roster of this moment, and calls the roll anew when asked."""

    def __init__(self, read_stack: ReadStack) -> None:
        self._read_stack = read_stack
        self.now = Roster(read_stack(()))

    def call(self, instances: Iterable[Instance]) -> Roster:
        """Take in what the engine listed just now."""
        present = tuple(instances)
        self.now = call_the_roll(self._read_stack(present), present)
        return self.now
