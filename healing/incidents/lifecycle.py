"""How an incident goes from its first sign to its end: one pure function."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from healing.finding import Finding, Kind
from healing.incidents.account import Answer, Cause, Choice, Exhibit, Outcome, Remedy, Verdict
from healing.incidents.events import (
    Acted,
    Attached,
    Begun,
    Closed,
    Decided,
    Diagnosed,
    Entry,
    Event,
    Gated,
    Intended,
    Looked,
    Opened,
    Recorded,
    Verified,
)
from healing.names import Actor, IncidentId, InstanceName, ServiceName
from healing.policy.because import Because


class Stage(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    """Noticed; nobody has looked yet."""
    LOOKING = "looking"
    WAITING = "waiting"
    """Something speaks against acting now."""
    ACTING = "acting"
    """The intent is written; the answer is not."""
    VERIFYING = "verifying"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: intended, and what became of it."""

    at: datetime
    intended: Intended
    acted: Acted | None = None
    verified: Verified | None = None

    @property
    def is_open(self) -> bool:
        """Whether its outcome was never written: it may or may not have happened."""
        return self.acted is None

    @property
    def outcome(self) -> Outcome | None:
        """How it went; None while that is not known."""
        return self.acted.outcome if self.acted else None

    @property
    def answer(self) -> str:
        """What the engine answered; empty while that is not known."""
        return self.acted.detail if self.acted else ""

    @property
    def proof(self) -> str:
        """What was seen afterwards; empty before anybody looked."""
        return self.verified.detail if self.verified else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble of one container (or of a service as a whole), from first sign to end."""

    id: IncidentId
    service: ServiceName
    instance: InstanceName | None
    opened_at: datetime
    by: Actor
    stage: Stage
    findings: tuple[Finding, ...]
    asked_for: Remedy | None = None
    """By a person, or by the configuration for the case that a breaker opens."""
    dry_run: bool = False
    key: str = ""
    exhibits: tuple[Exhibit, ...] = ()
    logs: str = ""
    causes: tuple[Cause, ...] = ()
    choice: Choice | None = None
    gated: Gated | None = None
    acts: tuple[Act, ...] = ()
    look_again_at: datetime | None = None
    """When a waiting incident is taken up again; None while only an event can change it."""
    closed: Closed | None = None
    closed_at: datetime | None = None
    run: str | None = None
    """The flow run that tells the story so far; None while Prefect does not have it."""
    history: tuple[tuple[datetime, Event], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.stage is not Stage.CLOSED

    @property
    def target(self) -> str:
        """What it is about: the container, or the service."""
        return self.instance or self.service

    @property
    def cause(self) -> Cause | None:
        """The most likely cause; None before anybody looked."""
        return self.causes[0] if self.causes else None

    @property
    def insisted_on(self) -> Remedy | None:
        """What a person asked to have done; their word goes before a service's level."""
        by_a_person = any(finding.kind is Kind.REQUESTED for finding in self.findings)
        return self.asked_for if by_a_person else None

    @property
    def tellings(self) -> int:
        """How often it was taken up."""
        return sum(isinstance(event, Begun) for _, event in self.history)

    @property
    def waits_because(self) -> Because | None:
        """Why it waits: the gate that holds it, or the choice to wait; None when it does not."""
        if self.stage is not Stage.WAITING:
            return None
        if self.gated is not None and self.gated.held_by:
            return self.gated.because
        return self.choice.because if self.choice else None

    @property
    def open_act(self) -> Act | None:
        """The act whose outcome was never written; None when there is none."""
        return self.acts[-1] if self.acts and self.acts[-1].is_open else None

    @property
    def wants_verification(self) -> bool:
        """Whether the last act was done, and nobody has seen yet if it helped."""
        last = self.acts[-1] if self.acts else None
        return last is not None and last.verified is None and last.outcome is Outcome.DONE

    @property
    def is_healed(self) -> bool:
        """Whether the last act was seen to help."""
        last = self.acts[-1] if self.acts else None
        return (
            last is not None
            and last.verified is not None
            and last.verified.verdict is Verdict.STABLE
        )

    @property
    def to_act(self) -> timedelta | None:
        """Time from the first sign to the first act; None when nothing was done."""
        return self.acts[0].at - self.opened_at if self.acts else None

    @property
    def to_end(self) -> timedelta | None:
        """Time from the first sign to the end; None while it is not over."""
        return self.closed_at - self.opened_at if self.closed_at else None


def new_id(now: datetime, random: Callable[[], int] = lambda: secrets.randbits(15)) -> IncidentId:
    """Make a short name that sorts by time: seconds since 2024 and 15 random bits, base 32."""
    seconds = int(now.timestamp()) - 1_704_067_200
    number = (seconds << 15) | random()
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = "0123456789abcdefghjkmnpqrstvwxyz"[digit] + digits
    return IncidentId(digits)


def opened(entry: Entry) -> Incident:
    """Begin the story of an incident from its first line.

    Raises:
        ValueError: The entry does not open an incident.
    """
    event = entry.event
    if not isinstance(event, Opened):
        raise ValueError(f"{event!r} does not open an incident")  # noqa: TRY004 - a value, not a type
    return Incident(
        id=entry.incident,
        service=event.service,
        instance=event.instance,
        opened_at=entry.at,
        by=event.by,
        stage=Stage.OPEN,
        findings=(event.finding,),
        asked_for=event.remedy,
        dry_run=event.dry_run,
        key=event.key,
        history=((entry.at, event),),
    )


def advance(  # noqa: C901, PLR0912 - one case per event is the clear form
    incident: Incident, event: Event, at: datetime
) -> Incident:
    """Say what becomes of `incident` when `event` happens.

    An incident that is over takes only what is about its record; everything else is history only.
    """
    after = replace(incident, history=(*incident.history, (at, event)))
    if not incident.is_open and not isinstance(event, Recorded):
        return after
    match event:
        case Opened():
            return after
        case Attached(finding):
            return replace(after, findings=(*after.findings, finding))
        case Begun():
            return replace(after, stage=Stage.LOOKING, look_again_at=None, run=None)
        case Looked(exhibits, logs):
            return replace(after, exhibits=exhibits, logs=logs)
        case Diagnosed(causes):
            return replace(after, causes=causes)
        case Decided(choice):
            waiting = choice.answer is Answer.WAIT
            stage = Stage.WAITING if waiting else after.stage
            return replace(
                after, choice=choice, gated=None, stage=stage, look_again_at=choice.until
            )
        case Gated():
            held = event.held_by != ""
            stage = Stage.WAITING if held else after.stage
            return replace(after, gated=event, stage=stage, look_again_at=event.until)
        case Intended():
            acts = (*after.acts, Act(at=at, intended=event))
            return replace(after, stage=Stage.ACTING, acts=acts)
        case Acted():
            begun = event.outcome is not Outcome.NOT_BEGUN
            stage = Stage.VERIFYING if begun else Stage.LOOKING
            return replace(after, stage=stage, acts=_last(after.acts, acted=event))
        case Verified(verdict=verdict):
            stage = Stage.VERIFYING if verdict is Verdict.STABLE else Stage.LOOKING
            return replace(after, stage=stage, acts=_last(after.acts, verified=event))
        case Closed():
            return replace(after, stage=Stage.CLOSED, closed=event, closed_at=at)
        case Recorded(run=run):
            return replace(after, run=run)


def _last(
    acts: tuple[Act, ...], *, acted: Acted | None = None, verified: Verified | None = None
) -> tuple[Act, ...]:
    if not acts:
        return acts
    last = acts[-1]
    return (
        *acts[:-1],
        replace(last, acted=acted or last.acted, verified=verified or last.verified),
    )
