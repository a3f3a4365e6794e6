"""What all tests share: the real components, and which tests may run side by side."""

from typing import Any

import pytest

pytest_plugins: list[str] = [
    "tests.real.docker",
    "tests.real.prometheus",
    "tests.real.prefect",
    "tests.real.agent",
    "tests.real.redis",
]

ON_THE_ENGINE = (
    "tests/scenarios/",
    "tests/deployments/",
    "tests/adapters/docker/",
    "tests/adapters/hosts/",
    "tests/listeners/test_containers.py",
)
"""Tests that use the one Docker engine: an agent there heals whatever it sees, so one at a time."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Make two lanes for `pytest -n 2`, each in order: what uses the engine, and all others."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only there when it is used

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "engine" if nodeid.startswith(ON_THE_ENGINE) else "others"

    return Lanes(config, log)
