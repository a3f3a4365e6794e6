"""What can happen to an incident; each event is one line of the ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from healing.finding import Finding
from healing.incidents.account import (
    Cause,
    Choice,
    Ending,
    Exhibit,
    Fence,
    Outcome,
    Remedy,
    Verdict,
)
from healing.names import AGENT, Actor, IncidentId, InstanceName, ServiceName
from healing.policy.because import Because


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Trouble was noticed, or help was asked for."""

    service: ServiceName
    instance: InstanceName | None
    finding: Finding
    by: Actor
    remedy: Remedy | None = None
    """What was asked for; None leaves the choice to the diagnosis."""
    dry_run: bool = False
    key: str = ""
    """Given by who asked: asking twice with the same key asks once."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One more sign of the same trouble."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Begun:
    """Somebody began to look at it, or took it up again."""

    by: Actor


@dataclass(frozen=True, slots=True)
class Looked:
    """Evidence was gathered."""

    exhibits: tuple[Exhibit, ...]
    logs: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """The likely causes were named, most likely first."""

    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """It was decided what to do."""

    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """The gates were asked whether we may act."""

    passed: tuple[str, ...]
    held_by: str = ""
    because: Because | None = None
    detail: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """We are about to act: written and synced before the container is touched."""

    remedy: Remedy
    fence: Fence
    expectation: str
    """What must be seen afterwards to call it healed, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """The act came back."""

    outcome: Outcome
    detail: str
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """We looked whether it helped."""

    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """It is over."""

    ending: Ending
    because: Because
    detail: str
    by: Actor = AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Prefect has the story: this flow run tells it."""

    run: str
    live: bool
    """False when it was filled in afterwards."""


Event: TypeAlias = (
    Opened
    | Attached
    | Begun
    | Looked
    | Diagnosed
    | Decided
    | Gated
    | Intended
    | Acted
    | Verified
    | Closed
    | Recorded
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: what happened to which incident, when."""

    at: datetime
    incident: IncidentId
    event: Event
