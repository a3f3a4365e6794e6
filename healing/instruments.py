"""Every metric of the agent, in one list."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from healing.breakers import State
from healing.exposition import BreakerStates
from healing.finding import Finding, Kind
from healing.incidents import (
    Acted,
    Attached,
    Closed,
    Decided,
    Ending,
    Entry,
    Gated,
    Incident,
    Opened,
    Outcome,
    Remedy,
    Verdict,
    Verified,
)
from healing.names import ServiceName
from healing.policy import Because
from healing.watching import Judgement, Observed
from healing.watching.courses import QUANTILES

REGISTRY = CollectorRegistry()

FINDINGS = Counter("self_healing_findings", "Signs of trouble.", ["kind"], registry=REGISTRY)
INCIDENTS = Counter("self_healing_incidents", "Incidents opened.", ["kind"], registry=REGISTRY)
ENDINGS = Counter("self_healing_endings", "Incidents ended.", ["ending"], registry=REGISTRY)
DECISIONS = Counter("self_healing_decisions", "Decisions.", ["reason"], registry=REGISTRY)
ACTIONS = Counter("self_healing_actions", "Acts.", ["remedy", "outcome"], registry=REGISTRY)
VERDICTS = Counter("self_healing_verifications", "Acts verified.", ["verdict"], registry=REGISTRY)
OPEN = Gauge("self_healing_open_incidents", "Incidents not over.", registry=REGISTRY)

TO_DETECT = Histogram(
    "self_healing_time_to_detect_seconds",
    "From the beginning of trouble, as far as it is known, to its incident.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
TO_ACT = Histogram(
    "self_healing_time_to_act_seconds",
    "From the first sign of an incident to its first act.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
TO_RECOVER = Histogram(
    "self_healing_time_to_recover_seconds",
    "From the first sign of an incident to its end, when it was healed.",
    buckets=(1, 5, 10, 30, 60, 120, 300, 900, 3600),
    registry=REGISTRY,
)

RECONCILED = Gauge(
    "self_healing_last_reconcile_timestamp_seconds",
    "When all containers were last listed and judged; alert when it stops.",
    registry=REGISTRY,
)
SWITCHED_ON = Gauge("self_healing_switched_on", "1 while acting is allowed.", registry=REGISTRY)
DEPENDENCY = Gauge(
    "self_healing_dependency_up",
    "1 while something we need answers.",
    ["dependency"],
    registry=REGISTRY,
)

FLAG = Gauge(
    "feature_flag_enabled",
    "1 while a feature is on, as the configuration says.",
    ["flag"],
    registry=REGISTRY,
)

PREDICTIONS = Counter(
    "self_healing_predictions", "Predictions made.", ["type", "service"], registry=REGISTRY
)
ANOMALY_SCORE = Gauge(
    "self_healing_anomaly_score",
    "How strange a service behaves: .5 is one in 100, .9 one in 1,000, .99 one in 10,000.",
    ["service"],
    registry=REGISTRY,
)
RESOURCE_PREDICTION = Gauge(
    "self_healing_resource_prediction",
    "Share of its capacity that a resource is expected to use at the horizon; NaN when unknown.",
    ["resource", "service", "horizon", "quantile"],
    registry=REGISTRY,
)
TIME_TO_EXHAUSTION = Gauge(
    "self_healing_time_to_exhaustion_seconds",
    "Time until a resource is full; +Inf when it is not filling up.",
    ["resource", "service", "quantile"],
    registry=REGISTRY,
)
FAILURE_PROBABILITY = Gauge(
    "self_healing_failure_probability",
    "Probability that a service fails within an hour, 0 to 1.",
    ["service"],
    registry=REGISTRY,
)
LEAKING = Gauge(
    "self_healing_leaking",
    "1 while what a service never gives back of a resource grows.",
    ["resource", "service"],
    registry=REGISTRY,
)
LEAKING_REPLICAS = Gauge(
    "self_healing_leaking_replicas",
    "How many replicas of a service leak a resource, of those that are asked each for itself.",
    ["resource", "service"],
    registry=REGISTRY,
)
DATA_AGE = Gauge(
    "self_healing_data_age_seconds",
    "Age of the newest point of a service; NaN when there is none.",
    ["service"],
    registry=REGISTRY,
)

OF_SERVICES = (
    *(PREDICTIONS, ANOMALY_SCORE, RESOURCE_PREDICTION, TIME_TO_EXHAUSTION),
    *(FAILURE_PROBABILITY, LEAKING, LEAKING_REPLICAS, DATA_AGE),
)


def watch_fleet(states: Callable[[], Iterable[tuple[str, State]]]) -> None:
    """Show `circuit_breaker_state` of the fleet's breakers, as they were seen last."""
    REGISTRY.register(BreakerStates(states))


def show_flags(enabled: Mapping[str, bool]) -> None:
    """Show which features are on."""
    for name, on in enabled.items():
        FLAG.labels(name).set(float(on))


def show_age(seen: Observed) -> None:
    """Show how old the newest point of a service is."""
    newest = [known.last_at for known in seen.states.values() if known.last_at is not None]
    age = (seen.now - max(newest)).total_seconds() if newest else math.nan
    DATA_AGE.labels(seen.service.name).set(age)


def show_judgement(judgement: Judgement, before: Judgement | None = None) -> None:
    """Show what the latest look at a service said.

    Args:
        judgement: Of that look.
        before: What the look before it said: what is not known any more becomes NaN.
    """
    service = judgement.service
    now = dict(_gauges(judgement))
    gone = {one for one, _ in _gauges(before)} - now.keys() if before else ()
    for (gauge, *labels), value in {**dict.fromkeys(gone, math.nan), **now}.items():
        gauge.labels(*labels).set(value)
    if judgement.score is not None:
        PREDICTIONS.labels("anomaly", service).inc()
    PREDICTIONS.labels("failure", service).inc()
    if judgement.leaks:
        PREDICTIONS.labels("leak", service).inc(len(judgement.leaks))
    if judgement.forecasts:
        PREDICTIONS.labels("exhaustion", service).inc(len(judgement.forecasts))


def show_only(services: Collection[ServiceName]) -> None:
    """Show nothing of services that are not looked at any more."""
    gone = {labels["service"] for labels in _shown(DATA_AGE)} - set[str](services)
    if not gone:
        return
    for metric in OF_SERVICES:
        for labels in {tuple(one.values()) for one in _shown(metric) if one["service"] in gone}:
            metric.remove(*labels)


def _shown(metric: Counter | Gauge) -> Iterator[dict[str, str]]:
    """Give the labels of everything that a metric shows."""
    return (sample.labels for family in metric.collect() for sample in family.samples)


def _gauges(judgement: Judgement) -> Iterator[tuple[tuple[Gauge, *tuple[str, ...]], float]]:
    """Give the value of each gauge and its labels, as the list above names them."""
    service = judgement.service
    score = judgement.score
    yield (ANOMALY_SCORE, service), math.nan if score is None else score
    yield (FAILURE_PROBABILITY, service), judgement.prognosis.within_the_hour
    for leak in judgement.leaks:
        yield (LEAKING, leak.signal, service), float(leak.leaks)
    for peers in judgement.peers:
        yield (LEAKING_REPLICAS, peers.signal, service), len(peers.compared.leaking)
    for forecast in judgement.forecasts:
        spans = {"0.1": forecast.soonest, "0.5": forecast.likely, "0.9": forecast.latest}
        for quantile, span in spans.items():
            seconds = span.total_seconds() if span is not None else math.inf
            yield (TIME_TO_EXHAUSTION, forecast.signal, service, quantile), seconds
    for ahead in judgement.expected:
        horizon = f"{ahead.horizon.total_seconds():g}s"
        for quantile, level in zip(QUANTILES, ahead.quantiles, strict=True):
            labels = (ahead.signal, service, horizon, f"{quantile:g}")
            yield (RESOURCE_PREDICTION, *labels), level / ahead.capacity


def watch_agent(
    *,
    reconciled_at: Callable[[], datetime | None],
    switched_on: Callable[[], bool],
    up: Mapping[str, Callable[[], bool]],
) -> None:
    """Read at scrape time how the agent itself stands."""

    def timestamp() -> float:
        at = reconciled_at()
        return at.timestamp() if at else 0.0

    RECONCILED.set_function(timestamp)
    SWITCHED_ON.set_function(lambda: float(switched_on()))
    for name, answers in up.items():
        DEPENDENCY.labels(name).set_function(lambda answers=answers: float(answers()))


def prepare() -> None:
    """Create every combination of labels from closed sets, so that zero is visible."""
    for kind in Kind:
        FINDINGS.labels(kind)
        INCIDENTS.labels(kind)
    for ending in Ending:
        ENDINGS.labels(ending)
    for reason in Because:
        DECISIONS.labels(reason)
    for remedy in Remedy:
        for outcome in Outcome:
            ACTIONS.labels(remedy, outcome)
    for verdict in Verdict:
        VERDICTS.labels(verdict)


class Counting:
    """Counts what the ledger says; a `healing.ports.Board`.

    Args:
        open_incidents: Gives their number at scrape time.
    """

    def __init__(self, open_incidents: Callable[[], int]) -> None:
        prepare()
        OPEN.set_function(open_incidents)

    def post(self, entry: Entry, incident: Incident) -> None:
        """Take in one line."""
        match entry.event:
            case Opened(finding=finding):
                _count_opened(finding, entry.at)
            case Attached(finding):
                FINDINGS.labels(finding.kind).inc()
            case Decided(choice):
                DECISIONS.labels(choice.because).inc()
            case Gated(because=because) if because is not None:
                DECISIONS.labels(because).inc()
            case Acted(outcome=outcome):
                ACTIONS.labels(incident.acts[-1].intended.remedy, outcome).inc()
                if len(incident.acts) == 1 and incident.to_act is not None:
                    TO_ACT.observe(incident.to_act.total_seconds())
            case Verified(verdict=verdict):
                VERDICTS.labels(verdict).inc()
            case Closed(ending=ending):
                ENDINGS.labels(ending).inc()
                if ending is Ending.HEALED and incident.to_end is not None:
                    TO_RECOVER.observe(incident.to_end.total_seconds())
            case _:
                pass


def _count_opened(finding: Finding, at: datetime) -> None:
    FINDINGS.labels(finding.kind).inc()
    INCIDENTS.labels(finding.kind).inc()
    if finding.kind is not Kind.REQUESTED:
        unseen = at - (finding.began or finding.at)
        TO_DETECT.observe(max(unseen.total_seconds(), 0.0))
