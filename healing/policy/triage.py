"""Decide what a finding deserves: nothing, a line in an open incident, or an incident."""

from dataclasses import dataclass
from typing import TypeAlias

from healing.finding import Finding, Kind
from healing.names import IncidentId
from healing.policy.because import Because
from healing.services import Service

NEEDS_IMPACT = frozenset({Kind.ANOMALY, Kind.FAILING})
"""Kinds that only tell: nobody acts on strangeness alone, nor on a probability. What makes a
failure likely and can be acted upon, something that fills up, is a finding of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What triage may look at.

    Attributes:
        service: None when we do not look after it.
        open_incident: The open incident of the same container, or of the service as a whole.
        already_says: Whether that incident already has a finding of the same fingerprint.
        in_hand: Whether an act of ours on the container is under way right now.
        left_alone: Why we leave the container as it is, after a person cancelled its recovery or
            we gave up on it; None when we do not.
    """

    service: Service | None
    open_incident: IncidentId | None = None
    already_says: bool = False
    in_hand: bool = False
    left_alone: Because | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to do."""

    because: Because


@dataclass(frozen=True, slots=True)
class Attach:
    """One more sign of a trouble that is already open."""

    incident: IncidentId
    because: Because = Because.ALREADY_OPEN


@dataclass(frozen=True, slots=True)
class Open:
    """Worth an incident."""

    because: Because = Because.NEW


Triage: TypeAlias = Ignore | Attach | Open


def triage(finding: Finding, around: Surroundings) -> Triage:
    """Decide what `finding` deserves. The first rule that applies wins."""
    if around.service is None:
        return Ignore(Because.NOT_ENABLED)

    if around.in_hand and finding.kind is not Kind.REQUESTED:
        return Ignore(Because.OUR_OWN_ACT)

    if around.open_incident is not None:
        if around.already_says:
            return Ignore(Because.ALREADY_OPEN)
        return Attach(around.open_incident)

    if around.left_alone is not None and finding.kind is not Kind.REQUESTED:
        return Ignore(around.left_alone)

    if finding.kind in NEEDS_IMPACT:
        return Ignore(Because.WITHOUT_IMPACT)

    return Open()
