"""The whole configuration, checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import Field, PrivateAttr

from healing.names import ServiceName, SignalName
from healing.services import Limits, Stack
from healing.settings.actions import KNOWN_ACTIONS, Action
from healing.settings.document import KeyPath
from healing.settings.kinds import Name
from healing.settings.procedures import Procedure, read_trigger
from healing.settings.section import Section
from healing.settings.sections.actions import ActionSettings
from healing.settings.sections.api import Api
from healing.settings.sections.circuit_breakers import CircuitBreakers
from healing.settings.sections.dependencies import Dependencies
from healing.settings.sections.graceful_degradation import GracefulDegradation
from healing.settings.sections.limits import LimitsSettings
from healing.settings.sections.notifications import Notifications
from healing.settings.sections.predictive_monitoring import PredictiveMonitoring
from healing.settings.sections.recovery import Recovery
from healing.settings.sections.rollback import Rollback
from healing.settings.sections.safety import Defaults, Safety
from healing.settings.sections.services import ServiceSettings, TargetSettings
from healing.settings.sections.storage import Storage
from healing.units import one_line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a line of the file, or a variable of the environment."""

    source: str
    """The file, or the variable's name."""
    line: int | None = None

    def __str__(self) -> str:
        """Write it as compilers do: `file:line`."""
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something the operator should know, and that is not wrong."""

    place: Place
    path: str
    what: str

    def __str__(self) -> str:
        """Write it in one line, as faults are."""
        return one_line(f"{self.place}: {self.path}: {self.what}")


class Settings(Section):
    """What the operator decided, and defaults for the rest. Read it, never change it."""

    services: Mapping[Name, ServiceSettings] = Field(default_factory=dict[str, ServiceSettings])
    """The services of the stack, by name. Labels on containers can say the same."""
    safety: Safety = Field(default_factory=Safety)
    """What holds for every service that does not say otherwise."""
    circuit_breakers: CircuitBreakers = Field(default_factory=CircuitBreakers)
    """Breakers between services and what they depend on."""
    graceful_degradation: GracefulDegradation = Field(default_factory=GracefulDegradation)
    """What may get worse so that the rest stays well."""
    recovery: Recovery = Field(default_factory=Recovery)
    """How trouble is noticed and how long we try."""
    predictive_monitoring: PredictiveMonitoring = Field(default_factory=PredictiveMonitoring)
    """Seeing trouble before it is an outage."""
    dependencies: Dependencies = Field(default_factory=Dependencies)
    """What the stack cannot do without, and what it can."""
    actions: Mapping[Name, ActionSettings] = Field(default_factory=dict[str, ActionSettings])
    """Commands of older files, by the names that procedures use; each becomes a typed action."""
    rollback: Rollback = Field(default_factory=Rollback)
    """Going back to what last worked."""
    notifications: Notifications = Field(default_factory=Notifications)
    """How people are told."""
    api: Api = Field(default_factory=Api)
    """The REST API of the agent."""
    storage: Storage = Field(default_factory=Storage)
    """Where state lives and what we talk to."""

    _notes: tuple[Note, ...] = PrivateAttr(default=())
    _places: Mapping[KeyPath, Place] = PrivateAttr(default_factory=dict[KeyPath, Place])

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the operator should know about this configuration."""
        return self._notes

    def place(self, path: KeyPath) -> Place | None:
        """Say where a key was written; None when it is a default.

        What a short form stands for was written where the short form was.
        """
        exact = self._places.get(path)
        if exact is not None or not self._is_written(path):
            return exact
        around = (path[:end] for end in range(len(path) - 1, 0, -1))
        return next((self._places[outer] for outer in around if outer in self._places), None)

    def _is_written(self, path: KeyPath) -> bool:
        """Whether what stands at `path` was said, in whichever form."""
        value: object = self
        for step in path:
            if isinstance(value, Section):
                if step not in value.model_fields_set:
                    return False
                value = getattr(value, str(step))
            elif isinstance(value, Mapping):
                entries = cast("Mapping[object, object]", value)
                if step not in entries:
                    return False
                value = entries[step]
        return True

    def origin(self, path: KeyPath) -> str:
        """Say where the value that holds for a key comes from, also when it is inherited."""
        if (place := self.place(path)) is not None:
            return str(place)
        match path:
            case ("services", _, "level"):
                inherited = ("safety", "level")
            case ("services", _, "limits", limit):
                inherited = ("safety", "limits", limit)
            case ("circuit_breakers", "services", _, key):
                inherited = ("circuit_breakers", "default", key)
            case _:
                return "default"
        place = self.place(inherited)
        return "default" if place is None else f"{place} ({'.'.join(map(str, inherited))})"

    def written(self) -> Mapping[KeyPath, Place]:
        """Give every key that was written, with its place."""
        return self._places

    def remember(self, notes: Iterable[Note], places: Mapping[KeyPath, Place]) -> "Settings":
        """Give the same settings, knowing where they were written and what is to be noted."""
        copy = self.model_copy()
        copy.__pydantic_private__ = {"_notes": tuple(notes), "_places": dict(places)}
        return copy

    def defaults(self) -> Defaults:
        """Give what services take where they do not say themselves."""
        return Defaults(
            level=self.safety.level,
            limits=self.safety.limits.over(Limits()),
            probe_every=self.recovery.health_check_interval,
        )

    def named_services(self) -> Mapping[str, ServiceSettings]:
        """Give the services of the file: of `services`, and those that `dependencies` adds."""
        others = (*self.dependencies.critical_services, *self.dependencies.optional_services)
        known = {
            *self.services,
            *(service.target.word for service in self.services.values() if service.target),
        }
        return {
            **self.services,
            **{name: ServiceSettings() for name in others if name not in known},
        }

    def stack(self) -> Stack:
        """Hand the services of the file to the domain, without what labels add."""
        defaults = self.defaults()
        return Stack(
            {
                ServiceName(name): service.service(name, defaults)
                for name, service in self.named_services().items()
            }
        )

    def known_actions(self) -> Mapping[str, tuple[Action, ...]]:
        """Give every action by name: our own words, and what the file makes of them."""
        ours = {name: (action,) for name, action in KNOWN_ACTIONS.items()}
        return ours | {name: action.understood().actions for name, action in self.actions.items()}

    def resolved(self) -> "Settings":
        """Give the same settings with everything filled in that services and breakers inherit."""
        breakers = self.circuit_breakers
        named = {name: breakers.named(name) for name in breakers.services}
        limits = LimitsSettings.of(self.defaults().limits)
        services = {
            name: service.model_copy(
                update={
                    "target": service.target or TargetSettings.of(name),
                    "level": service.level or self.safety.level,
                    "limits": LimitsSettings.of(service.limits.over(self.defaults().limits)),
                    "probes": tuple(
                        probe.model_copy(
                            update={"every": probe.every or self.recovery.health_check_interval}
                        )
                        for probe in service.probes
                    ),
                }
            )
            for name, service in self.named_services().items()
        }
        return self.model_copy(
            update={
                "services": services,
                "safety": self.safety.model_copy(update={"limits": limits}),
                "circuit_breakers": breakers.model_copy(update={"services": named}),
            }
        )

    def thresholds(self) -> Mapping[SignalName, float]:
        """Give the share of each resource from which it counts as exceeded, 0 to 1."""
        usage = self.predictive_monitoring.metrics.resource_usage
        return {
            SignalName("cpu"): usage.cpu_threshold,
            SignalName("memory"): usage.memory_threshold,
            SignalName("disk"): usage.disk_threshold,
        }

    def procedures(self) -> Mapping[str, Procedure]:
        """Hand the recovery procedures to the domain."""
        known, thresholds = self.known_actions(), self.thresholds()
        return {
            name: Procedure(
                name=name,
                triggers=tuple(
                    trigger
                    for word in procedure.triggers
                    if (trigger := read_trigger(word, thresholds))
                ),
                actions=tuple(action for word in procedure.actions for action in known[word]),
            )
            for name, procedure in self.recovery.procedures.items()
        }
