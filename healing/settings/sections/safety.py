"""`safety`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.services import Level, Limits
from healing.settings.kinds import Text, one_of, read_names
from healing.settings.section import Section
from healing.settings.sections.limits import LimitsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a service takes where it does not say itself."""

    level: Level
    limits: Limits
    probe_every: timedelta


class Safety(Section):
    """What holds for every service that does not say otherwise."""

    level: Annotated[Level, BeforeValidator(one_of(Level))] = Level.AUTO
    """How much we may do: observe, recommend, approve or auto."""
    protected: Annotated[
        tuple[Text, ...], BeforeValidator(read_names, json_schema_input_type=list[str] | str)
    ] = ()
    """Containers that are never acted upon, by name; `*` stands for anything."""
    pause_file: Text = "paused"
    """While this file exists nothing is acted upon; a plain name lies in `storage.state_dir`."""
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    """How often and how fast we may act on one service."""
