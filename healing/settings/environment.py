"""Variables of the environment that win over the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from healing.settings.document import KeyPath, Scalar, Tree
from healing.settings.substitution import Environment

FILE_VARIABLE = "HEALING_CONFIG"
"""Names the configuration file itself."""


@dataclass(frozen=True, slots=True)
class Override:
    """One variable and the key it sets."""

    variable: str
    path: KeyPath
    meaning: str


OVERRIDES: tuple[Override, ...] = (
    Override("HEALING_STATE", ("storage", "state_dir"), "where state lives"),
    Override("HEALING_REDIS_URL", ("storage", "redis_url"), "the shared state"),
    Override("HEALING_PROMETHEUS_URL", ("storage", "prometheus", "url"), "where metrics are read"),
    Override("DOCKER_HOST", ("storage", "docker", "url"), "the container engine"),
    Override("PREFECT_API_URL", ("storage", "prefect", "api_url"), "the Prefect server"),
    Override("HEALING_MODEL_KEY", ("storage", "model_key"), "the key that signs models"),
    Override("HEALING_API_PORT", ("api", "port"), "the port of the REST API"),
)
"""All of them, beside `HEALING_CONFIG`. An empty variable counts as not set."""


def override(
    tree: Mapping[str, Tree], env: Environment
) -> tuple[dict[str, Tree], Mapping[KeyPath, str]]:
    """Put the variables that are set into a tree.

    Returns:
        A new tree, and the variable behind each path that was set.
    """
    result = dict(tree)
    variables: dict[KeyPath, str] = {}
    for item in OVERRIDES:
        if (value := env.get(item.variable)) and _put(result, item.path, Scalar(value)):
            variables[item.path] = item.variable
    return result, variables


def _put(tree: dict[str, Tree], path: KeyPath, value: Scalar) -> bool:
    """Set one value, copying the sections on the way; False when something else is in the way."""
    for step in path[:-1]:
        below = tree.get(str(step))
        if below is not None and not isinstance(below, dict):
            return False
        fresh = dict(cast("dict[str, Tree]", below)) if below else {}
        tree[str(step)] = fresh
        tree = fresh
    tree[str(path[-1])] = value
    return True
