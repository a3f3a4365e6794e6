"""Ready-made values for tests: a service, a container, an incident, told as an operator would."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from healing.breakers import Because, State
from healing.breakers.operating import FleetBreaker, Lever
from healing.diagnosis import Evidence, ProbeAnswer
from healing.failure import Signs, cold, foresee
from healing.finding import Finding, Kind
from healing.forecast import Exhaustion, Outlook
from healing.incidents import Entry, Event, Incident, Opened, advance, opened
from healing.instances import Happening, Instance, Status, What
from healing.names import AGENT, IncidentId, InstanceName, ServiceName, SignalName
from healing.policy.failing import Likely, Word
from healing.services import ByName, Http, Limits, Probe, Service
from healing.watching import Judgement

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
API = ServiceName("api")
API_1 = InstanceName("shop-api-1")
PROBE = Probe(check=Http("http://:8080/health"))

CLOSED = FleetBreaker(
    name="api",
    verdict=State.CLOSED,
    because=Because.NEW,
    until=None,
    opened=0,
    epoch=3,
    override=Lever.NONE,
    override_until=None,
    by="",
    reason="",
    calls=40,
    failed=30,
    slow=0,
    members=4,
    failing=3,
    seen_at=NOON,
)
OPEN = replace(CLOSED, verdict=State.OPEN, because=Because.FAIL_RATE, opened=1, epoch=4)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def service(**changes: Any) -> Service:
    base = Service(name=API, target=ByName(API_1), probes=(PROBE,), limits=Limits())
    return replace(base, **changes)


def running(**changes: Any) -> Instance:
    base = Instance(
        id="c0ffee" * 10,
        name=API_1,
        status=Status.RUNNING,
        started_at=NOON - timedelta(hours=5),
        image="shop/api:7",
    )
    return replace(base, **changes)


def exited(code: int, **changes: Any) -> Instance:
    return running(
        **{"status": Status.EXITED, "exit_code": code, "finished_at": NOON - seconds(1), **changes}
    )


def happened(what: What, ago: float, **changes: Any) -> Happening:
    base = Happening(what=what, id="c0ffee" * 10, name=API_1, at=NOON - seconds(ago))
    return replace(base, **changes)


KILLED = (happened(What.SIGNALLED, 1.1, signal=9), happened(What.DIED, 1, exit_code=137))
STOPPED = (
    happened(What.SIGNALLED, 2, signal=15),
    happened(What.DIED, 1, exit_code=143),
    happened(What.STOPPED, 0.9),
)
DIED = (happened(What.DIED, 1, exit_code=1),)


def finding(kind: Kind = Kind.EXITED, **changes: Any) -> Finding:
    base = Finding(
        service=API,
        instance=API_1,
        kind=kind,
        signal=SignalName("container"),
        score=1.0,
        detail="shop-api-1 ended with exit code 1",
        at=NOON,
    )
    return replace(base, **changes)


def judgement(*findings: Finding, **changes: Any) -> Judgement:
    base = Judgement(
        service=API,
        score=0.5,
        why="",
        forecasts=(),
        alarms=(),
        horizon=timedelta(hours=1),
        prognosis=foresee(cold(), Signs()),
        likely=Likely(Word.UNLIKELY, ""),
        findings=findings,
        at=NOON,
    )
    return replace(base, **changes)


def exhaustion(outlook: Outlook, **changes: Any) -> Exhaustion:
    base = Exhaustion(
        signal=SignalName("memory"), outlook=outlook, level=60.0, capacity=100.0, at=NOON
    )
    return replace(base, **changes)


def evidence(instance: Instance | None = None, **changes: Any) -> Evidence:
    base = Evidence(at=NOON, service=service(), instance=instance, findings=(finding(),))
    return replace(base, **changes)


def says(*, ok: bool, detail: str = "HTTP 200 in 3 ms") -> ProbeAnswer:
    return ProbeAnswer(probe=PROBE, ok=ok, detail=detail)


def incident(*events: Event, **changes: Any) -> Incident:
    first = Opened(
        **{"service": API, "instance": API_1, "finding": finding(), "by": AGENT, **changes}
    )
    story = opened(Entry(NOON, IncidentId("1k3v9q2f"), first))
    for number, event in enumerate(events, 1):
        story = advance(story, event, NOON + seconds(number))
    return story
