"""One stack from the file and from the labels. The file wins, key by key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from healing.names import ServiceName
from healing.services import ByCompose, ByLabel, ByName, Service, Stack, Target
from healing.settings.labels import PROJECT, SERVICE, Labelled
from healing.settings.sections.services import ServiceSettings
from healing.settings.tree import Settings


@dataclass(frozen=True, slots=True)
class Merged:
    """What we look after, and what is odd about it."""

    stack: Stack
    warnings: tuple[str, ...] = ()


def merge(settings: Settings, labelled: Iterable[Labelled]) -> Merged:
    """Join the services of the file with those that containers name by their labels.

    A container belongs to the service of the file that finds it or whose name it bears; its labels
    then fill in only the keys that the file leaves out. A container that says
    `healing.enable=false` puts such a service on hold, unless the file writes `hold` itself.
    """
    containers = sorted(labelled, key=lambda one: one.container)
    joining = _Joining(settings, _claimed_twice(settings, containers))
    for one in containers:
        joining.add(one)
    return joining.merged()


def _claimed_twice(settings: Settings, containers: Iterable[Labelled]) -> frozenset[str]:
    """Find names that more than one service goes by: then none of them has it to itself."""
    targets: dict[str, set[Target]] = {
        name: {service.target} for name, service in settings.stack().services.items()
    }
    for one in containers:
        if one.service is not None:
            targets.setdefault(one.name, set()).add(one.service.target)
    return frozenset(name for name, several in targets.items() if len(several) > 1)


@dataclass(slots=True)
class _Joining:
    """The services so far, and which of them each container belongs to."""

    settings: Settings
    claimed_twice: frozenset[str]
    says: dict[str, ServiceSettings] = field(init=False)
    file: Mapping[str, ServiceSettings] = field(init=False)
    targets: Mapping[str, Target] = field(init=False)
    members: dict[str, list[Labelled]] = field(default_factory=dict[str, list[Labelled]])
    warnings: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.file = self.settings.named_services()
        self.says = dict(self.file)
        stack = self.settings.stack().services
        self.targets = {name: service.target for name, service in stack.items()}

    def add(self, one: Labelled) -> None:
        self.warnings += one.warnings
        name = self._of_the_file(one)
        if name is not None:
            self._fill_in(name, one)
        elif one.asks:
            name = self._of_its_own(one)
        elif one.speaks and not one.refuses:
            self.warnings.append(
                f"container {one.container!r} has labels of ours, and neither healing.enable=true "
                f"nor a place in the file: it is not looked after"
            )
        if name is not None:
            self.members.setdefault(name, []).append(one)

    def merged(self) -> Merged:
        defaults = self.settings.defaults()
        services = {name: says.service(name, defaults) for name, says in self.says.items()}
        kept = {ServiceName(name): self._closed(service) for name, service in services.items()}
        return Merged(Stack(kept), tuple(dict.fromkeys(self.warnings)))

    def _of_the_file(self, one: Labelled) -> str | None:
        """Find the service of the file that this container belongs to."""
        for name, target in self.targets.items():
            if _finds(target, one):
                return name
        file = self.file.get(one.name)
        return one.name if one.asks and file is not None and file.target is None else None

    def _fill_in(self, name: str, one: Labelled) -> None:
        """Let a container's labels say what the file leaves out."""
        file = self.file[name]
        if one.refuses:
            why = f"container {one.container!r} says healing.enable=false"
            if "hold" not in file.model_fields_set:
                self.says[name] = self.says[name].model_copy(update={"hold": why})
                self.warnings.append(f"{why}: service {name!r} is left alone")
        elif one.speaks and self._agrees(name, one):
            hold = self.says[name].hold
            # Where the file finds it, also by its default, the file's word on where it is holds.
            found = _finds(self.targets[name], one)
            says = _over(file, one.says.model_copy(update={"target": None}) if found else one.says)
            self.says[name] = says.model_copy(update={"hold": hold}) if hold else says

    def _of_its_own(self, one: Labelled) -> str | None:
        """Add a service that only labels name; None when its name cannot be had."""
        name = str(one.name)
        if name in self.claimed_twice:
            project = one.labels.get(PROJECT)
            name = f"{project}-{name}" if project else name
            self.warnings.append(
                f"several services are called {str(one.name)!r}: container {one.container!r} is "
                f"taken for {name!r}; give it a name of its own with healing.service"
            )
        known = self.says.get(name)
        if known is not None and known.target != one.says.target:
            self.warnings.append(
                f"container {one.container!r} is not looked after: {name!r} is somebody else's "
                f"name; give it one of its own with healing.service"
            )
            return None
        if known is None:
            self.says[name] = one.says
        else:
            self._agrees(name, one)
        return name

    def _agrees(self, name: str, one: Labelled) -> bool:
        """Whether this is the first container of the service that speaks: it speaks for all."""
        members = self.members.get(name, ())
        first = next((other for other in members if other.speaks and not other.refuses), None)
        if first is not None and first.says != one.says:
            self.warnings.append(
                f"containers {first.container!r} and {one.container!r} of service {name!r} have "
                f"different labels: those of {first.container!r} hold"
            )
        return first is None

    def _closed(self, service: Service) -> Service:
        """Add what Compose says about dependencies, and leave out whom nobody looks after."""
        needs = list(service.depends_on)
        for other in needs:
            if other not in self.says:
                self.warnings.append(
                    f"service {service.name!r} depends on {other!r}, which nothing names"
                )
        file = self.file.get(service.name)
        if file is None or "depends_on" not in file.model_fields_set:
            needs += self._compose_dependencies(self.members.get(service.name, ()))
        wanted = dict.fromkeys(n for n in needs if n in self.says and n != service.name)
        return replace(service, depends_on=tuple(wanted))

    def _compose_dependencies(self, members: Sequence[Labelled]) -> list[ServiceName]:
        """Find our names for the Compose services that these containers need."""
        wanted = {
            (one.labels.get(PROJECT), other)
            for one in members
            for other in one.compose_dependencies
        }
        return [
            ServiceName(name)
            for name, theirs in self.members.items()
            if any((one.labels.get(PROJECT), one.labels.get(SERVICE)) in wanted for one in theirs)
        ]


def _over(file: ServiceSettings, labels: ServiceSettings) -> ServiceSettings:
    """Give what the labels say, with everything instead that the file writes itself."""
    written: dict[str, Any] = {key: getattr(file, key) for key in file.model_fields_set}
    if "limits" in written:
        own: Mapping[str, Any] = {
            key: getattr(file.limits, key) for key in file.limits.model_fields_set
        }
        written["limits"] = labels.limits.model_copy(update=own)
    return labels.model_copy(update=written)


def _finds(target: Target, one: Labelled) -> bool:
    match target:
        case ByName(name):
            return name == one.container
        case ByCompose(service, project):
            same = one.labels.get(SERVICE) == service
            return same and project in {None, one.labels.get(PROJECT)}
        case ByLabel(label, value):
            return label in one.labels and value in {None, one.labels[label]}
