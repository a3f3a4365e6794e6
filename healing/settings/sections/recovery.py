"""`recovery`."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field

from healing.services import Http, Probe
from healing.settings.kinds import Count, Duration, Name, Names
from healing.settings.section import Section

PROBE_EVERY = Probe(check=Http("")).every


class ProcedureSettings(Section):
    """Actions to take, in order, when something happens."""

    triggers: Names = ()
    """What starts it; empty when only a person does."""
    actions: Names = Field(min_length=1)
    """What it does: words that are known, or names from the `actions` section."""


class Recovery(Section):
    """How trouble is noticed and how long we try."""

    health_check_interval: Duration = PROBE_EVERY
    """How often probes ask, where a probe does not say itself."""
    recovery_timeout: Duration = timedelta(minutes=15)
    """How long one recovery may take before a person is called."""
    max_recovery_attempts: Count = 3
    """Acts within one recovery before a person is called."""
    procedures: Mapping[Name, ProcedureSettings] = Field(
        default_factory=dict[str, ProcedureSettings]
    )
    """What to do about what, by name."""
