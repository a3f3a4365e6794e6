"""A real agent, in a process of its own, on a real engine and a real Prefect server."""

import contextlib
import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from deployments.demo.engine import Engine
from healing.adapters.embedded.child import Child
from healing.cli.home import environment
from healing.settings import load
from tests.real import ROOT, free_port, wait_until
from tests.real.prefect import PrefectServer

QUICK = {
    "cool_down": "1s",
    "budget": "20/1h",
    "settle": "3s",
    "stable_for": "1s",
    "verify_within": "30s",
}
"""Limits that let a test end soon."""


class Agent:
    """An agent, and what people do to it."""

    def __init__(self, state: Path, engine: str, prefect: str, config: dict[str, Any]) -> None:
        self.port = free_port()
        self.state = state
        file = state / "config.yaml"
        state.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump({"safety": {"limits": QUICK}, **config}))
        env = {
            **os.environ,
            "HEALING_CONFIG": str(file),
            "HEALING_STATE": str(state),
            "HEALING_API_PORT": str(self.port),
            "DOCKER_HOST": engine,
            "PREFECT_API_URL": prefect,
        }
        env = environment(load(None, env), env)
        argv = [sys.executable, "-m", "flows.agent"]
        self.child = Child("agent", argv, env=env, log=state / "agent.log", cwd=ROOT)

    def start(self) -> None:
        self.child.start()
        wait_until(self.is_up, within=30)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        os.kill(self.child.pid or 0, signal.SIGKILL)
        self.child.stop()

    def stop(self) -> None:
        self.child.stop()

    def is_up(self) -> bool:
        assert self.child.is_running, f"the agent ended:\n{self.child.last_lines(40)}"
        with contextlib.suppress(OSError):
            return self.ask("GET", "/health")[0] == 200
        return False

    def sees_prefect(self) -> bool:
        return all(d["ok"] for d in self.ask("GET", "/ready")[1]["dependencies"])

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = json.dumps(body) if body is not None else None
            headers = {"Content-Type": "application/json", **headers}
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def metrics(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def wait_until_well(self, service: str) -> None:
        """Wait until every container of a service has answered well."""

        def well() -> bool:
            found = [s for s in self.ask("GET", "/services")[1] if s["name"] == service]
            containers = [c for s in found for c in s["containers"]]
            return bool(containers) and all(c["answers"] and c["well"] for c in containers)

        wait_until(well, within=30)

    def incidents(self, service: str | None = None) -> list[dict[str, Any]]:
        """Newest first."""
        query = f"?service={service}" if service else ""
        return self.ask("GET", f"/incidents{query}")[1]

    def incident(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/incidents/{name}")[1]

    def wait_for(
        self, claim: Callable[[dict[str, Any]], object], *, service: str, within: float = 30
    ) -> dict[str, Any]:
        """Wait until an incident of the service is as claimed, and give it."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [i for i in self.incidents(service) if claim(i)]
            return bool(found)

        try:
            wait_until(there, within=within, every=0.1)
        except AssertionError:
            seen = json.dumps(self.incidents(service), indent=1)
            raise AssertionError(f"never so:\n{seen}\n{self.child.last_lines(60)}") from None
        return found[0]


MakeAgent = Callable[..., Agent]


@pytest.fixture(scope="session")
def resident_agent(
    docker_engine: Engine,
    docker_client: docker.APIClient,
    prefect_server_of_tests: PrefectServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Agent]:
    """An agent that looks after whatever container asks for it with labels; not started yet."""
    del docker_client
    # Patience, since a machine that runs tests is slower than one that heals.
    config = {"storage": {"prefect": {"patience": "5s"}}}
    state = tmp_path_factory.mktemp("resident")
    one = Agent(state, docker_engine.url, prefect_server_of_tests.url, config)
    yield one
    one.stop()


@pytest.fixture
def healer(resident_agent: Agent, prefect: PrefectServer) -> Agent:
    """One running agent for all tests that need none of their own: `labelled` asks for it."""
    del prefect
    if not resident_agent.child.is_running:
        resident_agent.start()
    wait_until(resident_agent.sees_prefect, within=60)
    return resident_agent


@pytest.fixture
def agent(
    docker_engine: Engine,
    resident_agent: Agent,
    prefect: PrefectServer,
    tmp_path: Path,
) -> Iterator[MakeAgent]:
    """Start agents: `agent({"web": {...}})` looks after these services."""
    # Of two agents on one engine the second would stand by.
    resident_agent.stop()
    made: list[Agent] = []

    def make(
        services: dict[str, Any], *, wait_for_prefect: bool = True, start: bool = True, **more: Any
    ) -> Agent:
        state = tmp_path / f"agent-{len(made)}"
        one = Agent(state, docker_engine.url, prefect.url, {"services": services, **more})
        made.append(one)
        if start:
            one.start()
            if wait_for_prefect:
                wait_until(one.sees_prefect, within=60)
        return one

    yield make
    for one in made:
        one.stop()
