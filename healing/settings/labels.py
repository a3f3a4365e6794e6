"""Docker labels: the `services` section, said on the container itself.

A label that cannot be understood is never passed over in silence: the service is then only
observed, whatever its level would be, until the label is put right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from healing.names import InstanceName, ServiceName
from healing.services import Level, Service
from healing.settings.faults import dotted, translate
from healing.settings.kinds import read_bool, read_name
from healing.settings.nearest import nearest
from healing.settings.secrets import masked
from healing.settings.sections.safety import Defaults
from healing.settings.sections.services import ServiceSettings
from healing.units import one_line, shown

PREFIX = "healing."
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
DEPENDS_ON, ONE_OFF = "com.docker.compose.depends_on", "com.docker.compose.oneoff"

_KEYS: Mapping[str, tuple[str, ...]] = {
    "level": ("level",),
    "critical": ("critical",),
    "data": ("data",),
    "expect": ("expect",),
    "hold": ("hold",),
    "cool_down": ("limits", "cool_down"),
    "budget": ("limits", "budget"),
    "settle": ("limits", "settle"),
    "stable_for": ("limits", "stable_for"),
    "verify_within": ("limits", "verify_within"),
    "stop_timeout": ("limits", "stop_grace"),
}
"""Labels that are one key of the service, under their name without `healing.`."""

_PROBE = {"interval": "every", "timeout": "timeout", "threshold": "failures"}
_OF_A_METRIC = (
    "unit",
    "capacity",
    "per_replica",
    "direction",
    "min_deviation",
    "min_relative_deviation",
)
_OWN = ("enable", "service", "group", "depends_on", "probe")
KNOWN_LABELS: tuple[str, ...] = (
    *(f"{PREFIX}{name}" for name in (*_OWN, *_KEYS)),
    *(f"{PREFIX}probe.{name}" for name in _PROBE),
    f"{PREFIX}metric.<name>",
    *(f"{PREFIX}metric.<name>.{detail}" for detail in _OF_A_METRIC),
    "autoheal",
    "autoheal.stop.timeout",
)
"""Every label that means something to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What the labels of one container say."""

    container: InstanceName
    labels: Mapping[str, str]
    name: ServiceName
    says: ServiceSettings
    """What they say about the service, whether or not they ask for us."""
    asks: bool
    """They ask us to look after it."""
    refuses: bool = False
    """They say `healing.enable=false` in so many words."""
    compose_dependencies: tuple[str, ...] = ()
    """Compose services of the same project that it needs."""
    warnings: tuple[str, ...] = ()
    defaults: Defaults

    @property
    def service(self) -> Service | None:
        """The service as the domain knows it; None when the labels do not ask for us."""
        return self.says.service(self.name, self.defaults) if self.asks else None

    @property
    def speaks(self) -> bool:
        """Whether there is any label of ours."""
        return any(label.startswith((PREFIX, "autoheal")) for label in self.labels)


@dataclass(slots=True)
class _Said:
    """What was read so far."""

    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: list[str] = field(default_factory=list[str])

    def put(self, path: tuple[str, ...], value: object) -> None:
        section = self.keys
        for step in path[:-1]:
            section = section.setdefault(step, {})
        section[path[-1]] = value


def service_from_labels(labels: Mapping[str, str], container: str, defaults: Defaults) -> Labelled:
    """Read what the labels of one container say.

    Args:
        labels: All labels of the container.
        container: Its name.
        defaults: What holds where they say nothing, as `Settings.defaults` gives it.
    """
    said = _Said()
    # `${LEVEL:-}` in a Compose file leaves an empty label behind: it says nothing.
    written = {label: value for label, value in labels.items() if value.strip()}
    enabled = _enabled(written, said)
    name = _name(written, container, said)
    said.put(("target",), _target(written, container))
    for label, value in written.items():
        if label.startswith(PREFIX):
            _one(label, value, said)
        elif found := _slip_of_the_pen(label):
            said.warnings.append(f"{label}={value}: means nothing to us; did you mean {found!r}?")
    _probes(written, said)
    if "stop_grace" not in said.keys.get("limits", {}) and "autoheal.stop.timeout" in written:
        said.put(("limits", "stop_grace"), written["autoheal.stop.timeout"])
    says = _understood(said, written)
    return Labelled(
        container=InstanceName(container),
        labels=labels,
        name=ServiceName(name),
        says=says,
        asks=enabled is True and written.get(ONE_OFF, "").lower() != "true",
        refuses=enabled is False and f"{PREFIX}enable" in written,
        compose_dependencies=_compose_dependencies(labels.get(DEPENDS_ON, "")),
        warnings=tuple(
            one_line(masked(f"container {container!r}: {warning}")) for warning in said.warnings
        ),
        defaults=defaults,
    )


def _enabled(labels: Mapping[str, str], said: _Said) -> bool | None:
    """Whether the labels ask for us; None when they do not say so either way."""
    for label in (f"{PREFIX}enable", "autoheal"):
        if label in labels:
            try:
                return read_bool(labels[label])
            except ValueError as error:
                said.warnings.append(f"{label}: {error}; it is not looked after")
                return None
    return None


def _name(labels: Mapping[str, str], container: str, said: _Said) -> str:
    """Name the service: as it says, or by its group, its Compose service, its container."""
    own = labels.get(f"{PREFIX}service") or labels.get(f"{PREFIX}group")
    if own:
        try:
            return read_name(own)
        except ValueError as error:
            said.warnings.append(f"{PREFIX}service: {error}")
    return labels.get(SERVICE) or container


def _target(labels: Mapping[str, str], container: str) -> dict[str, object]:
    """Find all containers of the same service: those that say the same."""
    for label in (f"{PREFIX}group", f"{PREFIX}service"):
        if label in labels:
            return {"label": f"{label}={labels[label]}"}
    if SERVICE in labels:
        return {"compose": {"project": labels.get(PROJECT), "service": labels[SERVICE]}}
    return {"container": container}


def _one(label: str, value: str, said: _Said) -> None:
    """Put one label of ours where it belongs, or say that it belongs nowhere."""
    name = label.removeprefix(PREFIX)
    if name in _KEYS:
        said.put(_KEYS[name], value)
    elif name == "depends_on":
        said.put(("depends_on",), value)
    elif name.startswith("metric."):
        metric, _, detail = name.removeprefix("metric.").partition(".")
        if metric and detail in {"", *_OF_A_METRIC}:
            said.put(("metrics", metric, detail or "query"), value)
        else:
            said.warnings.append(_unknown(label, value))
    elif name not in _OWN and name.removeprefix("probe.") not in _PROBE:
        said.warnings.append(_unknown(label, value))


def _probes(labels: Mapping[str, str], said: _Said) -> None:
    """Read `healing.probe`; several are separated by `|`."""
    written = [part.strip() for part in labels.get(f"{PREFIX}probe", "").split("|") if part.strip()]
    details = {
        key: labels[f"{PREFIX}probe.{name}"]
        for name, key in _PROBE.items()
        if f"{PREFIX}probe.{name}" in labels
    }
    if details and not written:
        said.warnings.append(f"{PREFIX}probe.* says how to ask, and {PREFIX}probe is missing")
    probes: list[dict[str, object]] = []
    for text in written:
        kind, colon, rest = text.partition(":")
        if kind not in {"http", "https", "tcp", "exec"} or not colon:
            what = "must begin with http://, https://, tcp:// or exec:"
            said.warnings.append(f"{PREFIX}probe: {what}, not {shown(text)}")
            continue
        key = {"https": "http"}.get(kind, kind)
        probes.append({key: rest if kind == "exec" else text, **details})
    if probes:
        said.put(("probes",), probes)


def _understood(said: _Said, labels: Mapping[str, str]) -> ServiceSettings:
    """Check it as the file is checked; what is wrong is left out, and we only observe."""
    keys = said.keys
    while True:
        try:
            settings = ServiceSettings.model_validate(keys)
        except ValidationError as error:
            for fault in translate(error, ServiceSettings, {}):
                said.warnings.append(f"{_label_of(fault.path, labels)}: {fault.what}")
                keys = _without(keys, fault.path[0]) if fault.path else {}
        else:
            if not said.warnings:
                return settings
            said.warnings.append("it is only observed until this is put right")
            return settings.model_copy(update={"level": Level.OBSERVE})


def _without(keys: Mapping[str, Any], key: str | int) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if name != key}


def _label_of(path: tuple[str | int, ...], labels: Mapping[str, str]) -> str:
    """Find the label that a key came from."""
    words = [str(step) for step in path] or [""]
    for name, key in _KEYS.items():
        if tuple(words[: len(key)]) == key and f"{PREFIX}{name}" in labels:
            return f"{PREFIX}{name}"
    if words[0] == "probes":
        detail = next((name for name, key in _PROBE.items() if words[-1] == key), "")
        return f"{PREFIX}probe.{detail}" if detail else f"{PREFIX}probe"
    if words[0] == "metrics" and len(words) > 1:
        detail = f".{words[2]}" if words[2:] and words[2] != "query" else ""
        return f"{PREFIX}metric.{words[1]}{detail}"
    if words[0] == "depends_on":
        return f"{PREFIX}depends_on"
    return "autoheal.stop.timeout" if words[0] == "limits" else f"{PREFIX}{dotted(path)}"


def _compose_dependencies(text: str) -> tuple[str, ...]:
    """Read `mysql:service_healthy:false,redis:service_started:true` or plain `mysql,redis`."""
    return tuple(name for part in text.split(",") if (name := part.partition(":")[0].strip()))


def _unknown(label: str, value: str) -> str:
    found = nearest(label, KNOWN_LABELS)
    hint = f"; did you mean {found!r}?" if found else ""
    return f"{label}={value}: there is no such label{hint}"


def _slip_of_the_pen(label: str) -> str | None:
    """Find the label of ours that a foreign label was probably meant to be."""
    before = label.partition(".")[0].lower()
    if before in {"healing", "heal", "healling", "heailng", "haeling", "autoheal", "auto-heal"}:
        return None if label in KNOWN_LABELS else nearest(label, KNOWN_LABELS)
    return None
