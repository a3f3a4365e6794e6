"""What strangers send us and what we answer, checked at the door."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from healing.forecast import Exhaustion
from healing.incidents import Incident, Remedy
from healing.names import Actor, InstanceName, ServiceName
from healing.policy.exhausting import Alarm
from healing.recovery.dispatch import Request
from healing.recovery.noticed import Noticed
from healing.units import write_duration
from healing.watching import Judgement, Peers
from healing.watching.courses import QUANTILES, Expected

Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why, in your words")]


class RemediationRequest(BaseModel):
    """Ask for a service to be diagnosed, and healed if that is needed and allowed."""

    model_config = ConfigDict(extra="forbid")

    service: Annotated[str, Field(min_length=1, max_length=200, description="One we look after")]
    reason: Reason
    procedure: Annotated[
        Remedy | None, Field(description="What to do; leave it out to let the diagnosis decide")
    ] = None
    container: Annotated[
        str | None, Field(max_length=200, description="Leave it out to take the worst looking one")
    ] = None
    dry_run: Annotated[bool, Field(description="Plan, and touch nothing")] = False

    def request(self, by: Actor, key: str) -> Request:
        """Hand the checked request to the domain."""
        return Request(
            service=ServiceName(self.service),
            by=by,
            reason=self.reason,
            instance=InstanceName(self.container) if self.container else None,
            remedy=self.procedure,
            dry_run=self.dry_run,
            key=key,
        )


class RemediationAccepted(BaseModel):
    """The recovery has begun."""

    incident: str
    incident_url: str
    run_url: Annotated[
        str | None, Field(description="The flow run in Prefect; null while Prefect is slow or away")
    ]


class PauseRequest(BaseModel):
    """Stop all acting, everywhere on this host."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class IncidentView(BaseModel):
    """One incident, as it stands."""

    id: str
    service: str
    container: str | None
    stage: str
    headline: str
    cause: str | None
    opened_at: datetime
    closed_at: datetime | None
    ending: str | None
    seconds_to_act: float | None
    seconds_to_end: float | None
    look_again_at: datetime | None
    asked_by: str
    run_url: str | None

    @classmethod
    def of(cls, incident: Incident, headline: str, run_url: str | None) -> "IncidentView":
        """Show an incident."""
        return cls(
            id=incident.id,
            service=incident.service,
            container=incident.instance,
            stage=incident.stage,
            headline=headline,
            cause=incident.cause.code if incident.cause else None,
            opened_at=incident.opened_at,
            closed_at=incident.closed_at,
            ending=incident.closed.ending if incident.closed else None,
            seconds_to_act=incident.to_act.total_seconds() if incident.to_act else None,
            seconds_to_end=incident.to_end.total_seconds() if incident.to_end else None,
            look_again_at=incident.look_again_at,
            asked_by=incident.by,
            run_url=run_url,
        )


class IncidentStory(IncidentView):
    """One incident, with its whole decision record."""

    report: Annotated[str, Field(description="Markdown")]


class ContainerView(BaseModel):
    """One container of a service."""

    name: str
    status: str
    health: str
    answers: Annotated[list[str], Field(description="The last answer of every probe")]
    well: Annotated[bool | None, Field(description="null when nothing can be asked")]


class ServiceView(BaseModel):
    """One service, with its containers."""

    name: str
    level: str
    depends_on: list[str]
    containers: list[ContainerView]
    incident: str | None


class ForecastView(BaseModel):
    """When something is full."""

    resource: str
    outlook: str
    level: Annotated[float | None, Field(description="null when it was never measured")]
    capacity: float
    seconds_to_full: Annotated[
        dict[str, float], Field(description="By quantile; empty when it does not fill up")
    ]
    expected: Annotated[
        dict[str, dict[str, float]],
        Field(description="What it will be, by horizon and quantile; what is unknown is left out"),
    ]
    why: str
    alarm: Annotated[bool, Field(description="Whether it is a finding")]
    why_alarm: Annotated[str, Field(description="Or why it is none")]

    @classmethod
    def of(cls, forecast: Exhaustion, alarm: Alarm, ahead: Sequence[Expected]) -> "ForecastView":
        """Show a forecast."""
        spans = {"0.1": forecast.soonest, "0.5": forecast.likely, "0.9": forecast.latest}
        return cls(
            resource=forecast.signal,
            outlook=forecast.outlook,
            level=forecast.level if math.isfinite(forecast.level) else None,
            capacity=forecast.capacity,
            seconds_to_full={q: span.total_seconds() for q, span in spans.items() if span},
            expected={
                write_duration(one.horizon): dict(
                    zip(map(str, QUANTILES), one.quantiles, strict=True)
                )
                for one in ahead
                if one.signal == forecast.signal and all(map(math.isfinite, one.quantiles))
            },
            why=forecast.reason,
            alarm=alarm.is_raised,
            why_alarm=alarm.reason,
        )


class PeersView(BaseModel):
    """Which of the replicas of a service leak."""

    resource: str
    spread: Annotated[str, Field(description="none, leak_one, leak_all_peers or leak")]
    leaking: list[str]
    compared: Annotated[list[str], Field(description="All of which enough is known")]
    why: str

    @classmethod
    def of(cls, peers: Peers) -> "PeersView":
        """Show a comparison."""
        return cls(
            resource=peers.signal,
            spread=peers.compared.spread,
            leaking=list(peers.compared.leaking),
            compared=sorted(peers.leaks),
            why=peers.compared.reason,
        )


class PredictionView(BaseModel):
    """What the latest look at a service said."""

    service: str
    at: datetime
    anomaly_score: Annotated[
        float | None,
        Field(description="0.5 is one in 100, 0.9 one in 1,000; null when it is not known"),
    ]
    why_strange: Annotated[str, Field(description="Or why it is not known")]
    failure_probability: Annotated[dict[str, float], Field(description="By horizon, 0 to 1")]
    why_it_may_fail: Annotated[list[str], Field(description="The three strongest reasons at most")]
    likely_to_fail: Annotated[bool, Field(description="Whether that is a finding")]
    why_likely: Annotated[str, Field(description="Or why it is none")]
    failures_learnt_from: Annotated[int, Field(description="0: only the prior of causes speaks")]
    forecasts: list[ForecastView]
    peers: list[PeersView]
    findings: Annotated[list[str], Field(description="What deserves attention")]

    @classmethod
    def of(cls, judgement: Judgement) -> "PredictionView":
        """Show a judgement."""
        seen = judgement.prognosis
        return cls(
            service=judgement.service,
            at=judgement.at,
            anomaly_score=judgement.score,
            why_strange=judgement.why,
            failure_probability=dict(zip(("15m", "1h", "24h"), seen.within, strict=True)),
            why_it_may_fail=[reason.sentence() for reason in seen.reasons],
            likely_to_fail=judgement.likely.is_told,
            why_likely=judgement.likely.reason,
            failures_learnt_from=seen.failures,
            forecasts=[
                ForecastView.of(forecast, alarm, judgement.expected)
                for forecast, alarm in zip(judgement.forecasts, judgement.alarms, strict=True)
            ],
            peers=[PeersView.of(peers) for peers in judgement.peers],
            findings=[finding.detail for finding in judgement.findings],
        )


class FindingView(BaseModel):
    """Something that was noticed, and what became of it."""

    service: str
    container: Annotated[str | None, Field(description="null: it is about the whole service")]
    kind: str
    signal: str
    score: Annotated[float, Field(description="How strange or how certain, 0 to 1")]
    detail: str
    open: Annotated[bool, Field(description="Whether it is so now")]
    first_at: datetime
    last_at: datetime
    times: Annotated[int, Field(description="How often it was noticed")]
    because: Annotated[str, Field(description="Why it became an incident, or did not")]
    incident: Annotated[str | None, Field(description="The incident that it belongs to")]

    @classmethod
    def of(cls, noticed: Noticed, *, is_open: bool) -> "FindingView":
        """Show a finding."""
        found = noticed.finding
        return cls(
            service=found.service,
            container=found.instance,
            kind=found.kind,
            signal=found.signal,
            score=found.score,
            detail=found.detail,
            open=is_open,
            first_at=noticed.first,
            last_at=noticed.last,
            times=noticed.times,
            because=noticed.because,
            incident=noticed.incident,
        )


class DependencyView(BaseModel):
    """Something that we need."""

    name: str
    ok: bool
    detail: str


class Ready(BaseModel):
    """Everything that acting needs answers."""

    dependencies: list[DependencyView]
