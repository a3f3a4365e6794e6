"""`services.<name>.target`: which containers are meant."""

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from healing.names import InstanceName
from healing.services import ByCompose, ByLabel, ByName, Target
from healing.settings.kinds import Text
from healing.settings.section import Section
from healing.units import shown


class ComposeTarget(Section):
    """One service of a Compose project."""

    project: Text | None = None
    """The project; any project when it is left out."""
    service: Text
    """The service's name in the Compose file."""


def _read_compose(value: object) -> object:
    if isinstance(value, str):
        project, slash, service = value.rpartition("/")
        if not service or (slash and not project) or "/" in project:
            raise ValueError(f"must be project/service or service, not {shown(value)}")
        return {"project": project or None, "service": service}
    return value


class TargetSettings(Section):
    """Where to find the containers of a service: exactly one of these."""

    container: Text | None = None
    """The container of exactly this name."""
    compose: (
        Annotated[
            ComposeTarget,
            BeforeValidator(_read_compose, json_schema_input_type=ComposeTarget | str),
        ]
        | None
    ) = None
    """Every container of a Compose service: `{project, service}`, or `project/service`."""
    label: Text | None = None
    """Every container that carries a label: `key=value`, or `key` with any value."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "TargetSettings":
        if sum(way is not None for way in (self.container, self.compose, self.label)) != 1:
            raise ValueError("must have exactly one of container, compose, label")
        if self.label is not None and not self.label.partition("=")[0].strip():
            raise ValueError("a label needs a key: key=value")
        return self

    @classmethod
    def of(cls, name: str) -> "TargetSettings":
        """Give the target of a service that names none: the Compose service of its name."""
        return cls(compose=ComposeTarget(service=name))

    @property
    def word(self) -> str | None:
        """What people would call it: the container's or the Compose service's name."""
        return self.compose.service if self.compose is not None else self.container

    def target(self) -> Target:
        """Hand it to the domain."""
        if self.container is not None:
            return ByName(InstanceName(self.container))
        if self.compose is not None:
            return ByCompose(self.compose.service, self.compose.project)
        label, has_value, value = (self.label or "").partition("=")
        return ByLabel(label.strip(), value.strip() if has_value else None)


def read_target(value: object) -> object:
    """Read the short form of a target: `project/service` or `key=value`.

    Raises:
        ValueError: It could be a container as well as a Compose service.
    """
    if isinstance(value, str):
        if "/" in value:
            return {"compose": value}
        if "=" in value:
            return {"label": value}
        raise ValueError(f"say what {value!r} is: {{container: {value}}} or {{compose: {value}}}")
    return value
