"""Keys that are read and checked, and that nothing acts upon yet."""

from collections.abc import Iterable, Mapping

from healing.settings.document import KeyPath

WAITS_FOR: Mapping[str, str] = {
    "circuit_breakers": "circuit breakers",
    "graceful_degradation": "feature flags and caches",
    "recovery.procedures": "recovery procedures",
    "predictive_monitoring.metrics.performance": "service objectives",
    "predictive_monitoring.metrics.dependencies": "cascade detection",
    "predictive_monitoring.alerts": "notifications",
    "dependencies.cascade_protection": "cascade protection",
    "actions": "recovery procedures",
    "rollback": "rollback",
    "notifications": "notifications",
}
"""Key path to the feature it waits for. A key that is not below any of these is acted upon now."""


def waiting(written: Iterable[KeyPath]) -> Mapping[str, str]:
    """Find which of the keys that were written wait for something, as in `WAITS_FOR`."""
    found = {".".join(map(str, path[:depth])) for path in written for depth in (1, 2, 3)}
    return {path: feature for path, feature in WAITS_FOR.items() if path in found}
