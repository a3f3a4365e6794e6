"""What starts a recovery procedure, and what it does, as the rest of the system sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from healing.finding import Kind
from healing.names import SignalName
from healing.settings.actions import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A kind of finding that starts a procedure."""

    name: str
    """The word in the file."""
    kinds: frozenset[Kind]
    """Any of these."""
    signal: SignalName | None = None
    """About this signal only; None means any."""
    above: float | None = None
    """Only from this share of the signal's capacity on, 0 to 1; None means any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Actions to take, in order, when a trigger fires."""

    name: str
    triggers: tuple[Trigger, ...]
    actions: tuple[Action, ...]


_STRANGE = frozenset({Kind.ANOMALY, Kind.EXHAUSTION})
_RUNS_OUT = frozenset({Kind.EXHAUSTION})
_MEMORY, _CPU, _DISK = SignalName("memory"), SignalName("cpu"), SignalName("disk")
_CONNECTIONS, _LATENCY = SignalName("connections"), SignalName("latency")
_ERRORS = SignalName("errors")


def _trigger(name: str, kinds: frozenset[Kind], signal: SignalName | None = None) -> Trigger:
    return Trigger(name=name, kinds=kinds, signal=signal)


KNOWN_TRIGGERS: Mapping[str, Trigger] = {
    trigger.name: trigger
    for trigger in (
        _trigger("health_check_failed", frozenset({Kind.UNHEALTHY, Kind.UNRESPONSIVE})),
        _trigger("service_unresponsive", frozenset({Kind.UNRESPONSIVE})),
        _trigger("container_exited", frozenset({Kind.EXITED})),
        _trigger("anomaly_detected", frozenset({Kind.ANOMALY})),
        _trigger("resource_exhaustion_predicted", _RUNS_OUT),
        _trigger("cpu_threshold_exceeded", _STRANGE, _CPU),
        _trigger("memory_threshold_exceeded", _STRANGE, _MEMORY),
        _trigger("disk_threshold_exceeded", _STRANGE, _DISK),
        _trigger("memory_growth_detected", _RUNS_OUT, _MEMORY),
        _trigger("connection_pool_exhausted", _RUNS_OUT, _CONNECTIONS),
        _trigger("query_timeout", frozenset({Kind.UNRESPONSIVE, Kind.ANOMALY}), _LATENCY),
        _trigger("response_time_exceeded", frozenset({Kind.ANOMALY}), _LATENCY),
        _trigger("error_rate_exceeded", frozenset({Kind.ANOMALY}), _ERRORS),
    )
}
"""The words there are; beside them `cpu|memory|disk_usage_<N>_percent`."""

_USAGE = re.compile(r"(cpu|memory|disk)_usage_(\d{1,3})_percent", re.ASCII)


def read_trigger(name: str, thresholds: Mapping[SignalName, float]) -> Trigger | None:
    """Find what a trigger's word means; None when there is no such word.

    Args:
        name: The word in the file.
        thresholds: What counts as exceeded, by signal, 0 to 1.
    """
    if (usage := _USAGE.fullmatch(name)) and 0 < (share := int(usage[2]) / 100) <= 1:
        return Trigger(name=name, kinds=_STRANGE, signal=SignalName(usage[1]), above=share)
    known = KNOWN_TRIGGERS.get(name)
    if known is None or known.signal is None or not name.endswith("_threshold_exceeded"):
        return known
    return Trigger(
        name=name, kinds=known.kinds, signal=known.signal, above=thresholds.get(known.signal)
    )
