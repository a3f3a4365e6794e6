"""What makes a series the same series after its container was made anew."""

from collections.abc import Mapping

CHURNING = frozenset(
    ("id", "uid", "pod", "pod_name", "pod_ip", "instance", "container_id", "replica", "endpoint")
)
"""Labels that change with each new copy of a service."""


def stable_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Keep the labels that stay when a container is made anew, in order of their names.

    Example:
        >>> stable_labels({"__name__": "up", "job": "api", "pod": "api-7d9f8b6c5d-x2x9q"})
        {'__name__': 'up', 'job': 'api'}
    """
    return {name: labels[name] for name in sorted(labels) if name not in CHURNING}
