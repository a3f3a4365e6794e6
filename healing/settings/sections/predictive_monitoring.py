"""`predictive_monitoring`."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.settings.kinds import Amount, Count, Duration, Flag, Name, Names, Ratio, Share, one_of
from healing.settings.section import Section, Switchable

FAILURE = "predictive_failure"
"""The alert whose `lead_time` says how early a person wants to know that a service will fail."""
EXHAUSTION = "resource_exhaustion"
"""The alert whose `lead_time` says how early a person wants to know that something is full."""


class Algorithm(StrEnum):
    """How strangeness is measured."""

    ISOLATION_FOREST = "isolation_forest"


class ResourceUsage(Section):
    """How full a resource may get."""

    cpu_threshold: Share = 0.8
    """Share of the CPU from which it counts as exceeded."""
    memory_threshold: Share = 0.85
    """Share of the memory from which it counts as exceeded."""
    disk_threshold: Share = 0.9
    """Share of the disk from which it counts as exceeded."""
    prediction_window: Duration = timedelta(minutes=30)
    """How far ahead exhaustion is looked for."""


class Performance(Section):
    """How well a service must answer."""

    response_time_p99: Duration = timedelta(seconds=1)
    """Slowest answer of the best 99 %."""
    error_rate_threshold: Share = 0.05
    """Share of requests that may fail."""
    throughput_minimum: Amount = 0
    """Requests per second below which something is wrong; 0 is never."""


class DependencyMetrics(Section):
    """How dependencies are watched."""

    health_check_interval: Duration = timedelta(seconds=30)
    """How often a dependency is asked."""
    cascade_detection: Flag = True
    """Look for the root when several services fail together."""


class Metrics(Section):
    """What is measured and how much is too much."""

    resource_usage: ResourceUsage = Field(default_factory=ResourceUsage)
    """How full a resource may get."""
    performance: Performance = Field(default_factory=Performance)
    """How well a service must answer."""
    dependencies: DependencyMetrics = Field(default_factory=DependencyMetrics)
    """How dependencies are watched."""
    failure_probability: Share = 0.5
    """Probability of a failure from which a person is told, in two looks in a row."""


class AnomalyDetection(Section):
    """How strange is too strange."""

    algorithm: Annotated[Algorithm, BeforeValidator(one_of(Algorithm))] = Algorithm.ISOLATION_FOREST
    """How strangeness is measured: isolation_forest."""
    sensitivity: Ratio = 0.8
    """From 0 (hardly ever an alarm) to 1 (many); sets the rate of false alarms and nothing else."""
    training_window: Duration = timedelta(days=7)
    """How much history is learnt from."""


class AlertSettings(Section):
    """Who is told, and how early."""

    channels: Names = ()
    """Names from `notifications.channels`."""
    lead_time: Duration = timedelta(minutes=15)
    """How long before the trouble a person wants to know."""


class PredictiveMonitoring(Switchable):
    """Seeing trouble before it is an outage."""

    enabled: Flag = True
    """Whether to look ahead at all."""
    every: Duration = timedelta(minutes=1)
    """How often to look ahead, and how finely history is kept; whole seconds."""
    shard_size: Count = 100
    """How many services one task reads, judges or learns; bounds the memory of a run."""
    metrics: Metrics = Field(default_factory=Metrics)
    """What is measured and how much is too much."""
    anomaly_detection: AnomalyDetection = Field(default_factory=AnomalyDetection)
    """How strange is too strange."""
    alerts: Mapping[Name, AlertSettings] = Field(default_factory=dict[str, AlertSettings])
    """Who is told of what, such as `predictive_failure` or `resource_exhaustion`."""

    @property
    def exhaustion_window(self) -> timedelta:
        """How far ahead exhaustion is an alarm: no later than a person wants to know of it."""
        ahead = self.metrics.resource_usage.prediction_window
        alert = self.alerts.get(EXHAUSTION)
        return ahead if alert is None else max(ahead, alert.lead_time)

    @property
    def failure_lead_time(self) -> timedelta:
        """How long before a failure a person wants to know of it; an hour if nobody says."""
        alert = self.alerts.get(FAILURE)
        return timedelta(hours=1) if alert is None else alert.lead_time
