"""`services`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.names import ServiceName
from healing.services import ByCompose, Expect, Level, Service
from healing.settings.kinds import Flag, Name, Names, one_of, one_or_many, read_text
from healing.settings.section import Section
from healing.settings.sections.limits import LimitsSettings
from healing.settings.sections.probes import ProbeSettings, read_probe
from healing.settings.sections.safety import Defaults
from healing.settings.sections.signals import SignalSettings, read_signal
from healing.settings.sections.targets import TargetSettings, read_target


def _read_hold(value: object) -> str:
    text = read_text(value).strip() if not isinstance(value, bool) else str(value).lower()
    if text.lower() in {"false", "no", "off"}:
        return ""
    return "held by the configuration" if text.lower() in {"true", "yes", "on"} else text


class ServiceSettings(Section):
    """One service of the stack."""

    target: (
        Annotated[
            TargetSettings,
            BeforeValidator(read_target, json_schema_input_type=TargetSettings | str),
        ]
        | None
    ) = None
    """Its containers: `{container: ...}`, `{compose: project/service}` or `{label: key=value}`; by
    default the Compose service of the same name, in any project."""
    probes: Annotated[
        tuple[
            Annotated[
                ProbeSettings,
                BeforeValidator(read_probe, json_schema_input_type=ProbeSettings | str),
            ],
            ...,
        ],
        BeforeValidator(
            one_or_many, json_schema_input_type=list[ProbeSettings | str] | ProbeSettings | str
        ),
    ] = ()
    """Ways to ask it whether it works: `http://:8080/health`, `tcp://:5432`, `exec: [...]`."""
    metrics: Mapping[
        Name,
        Annotated[
            SignalSettings,
            BeforeValidator(read_signal, json_schema_input_type=SignalSettings | str),
        ],
    ] = Field(default_factory=dict[str, SignalSettings])
    """What is measured of it, by name: PromQL, or `{query, unit, capacity}`."""
    depends_on: Names = ()
    """Services it cannot work without."""
    level: Annotated[Level | None, BeforeValidator(one_of(Level))] = None
    """How much we may do: observe, recommend, approve or auto; by default `safety.level`."""
    critical: Flag = False
    """Acting on it needs a person's approval."""
    data: Flag = False
    """It holds data: never recreated, never pruned."""
    expect: Annotated[Expect | None, BeforeValidator(one_of(Expect))] = None
    """How it is meant to be found: running, or completed (a job); by default running when there is
    a probe or a HEALTHCHECK."""
    hold: Annotated[str, BeforeValidator(_read_hold)] = ""
    """A reason to leave it alone for now."""
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    """How often and how fast we may act; what is not said is taken from `safety.limits`."""

    def service(self, name: str, defaults: Defaults) -> Service:
        """Hand it to the domain."""
        return Service(
            name=ServiceName(name),
            target=self.target.target() if self.target else ByCompose(name),
            probes=tuple(probe.probe(defaults.probe_every) for probe in self.probes),
            signals=tuple(signal.signal(key) for key, signal in self.metrics.items()),
            depends_on=tuple(ServiceName(other) for other in self.depends_on),
            level=self.level or defaults.level,
            limits=self.limits.over(defaults.limits),
            expect=self.expect,
            critical=self.critical,
            holds_data=self.data,
            hold=self.hold,
        )
