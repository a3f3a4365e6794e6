"""Keys that are read and checked, and that nothing acts upon yet."""

from collections.abc import Iterable, Mapping

from healing.settings.document import KeyPath

WAITS_FOR: Mapping[str, str] = {
    "graceful_degradation": "feature flags and caches",
    "recovery.procedures": "recovery procedures",
    "predictive_monitoring.metrics.performance": "service objectives",
    "predictive_monitoring.metrics.dependencies": "cascade detection",
    "predictive_monitoring.alerts.<name>.channels": "notifications",
    "dependencies.cascade_protection": "cascade protection",
    "actions": "recovery procedures",
    "rollback": "rollback",
    "notifications": "notifications",
}
"""Key path to the feature it waits for. A key that is not below any of these is acted upon now."""


def waiting(written: Iterable[KeyPath]) -> Mapping[KeyPath, str]:
    """Find which of the keys that were written wait for something, as in `WAITS_FOR`."""
    found = {path[:depth] for path in written for depth in range(1, len(path) + 1)}
    return {
        path: feature
        for key, feature in WAITS_FOR.items()
        for path in sorted(found, key=str)
        if _is_at(path, key.split("."))
    }


def _is_at(path: KeyPath, key: list[str]) -> bool:
    return len(path) == len(key) and all(
        wanted in {"<name>", part} for part, wanted in zip(path, key, strict=True)
    )
