"""A real Prefect server, started the way `heal up` starts it."""

import http.client
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healing.adapters.embedded.child import Child
from healing.adapters.embedded.postgres import cluster, find_binaries, is_ready
from healing.adapters.embedded.prefect_server import prefect_server
from tests.real import free_port, wait_until

STARTS_WITHIN = 90


class PrefectServer:
    """A server that a test may stop, freeze and start again."""

    def __init__(self, home: Path, database: str | None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.child: Child = prefect_server(
            host="127.0.0.1",
            port=self.port,
            database=database,
            home=home,
            log=home / "server.log",
            env=dict(os.environ),
        )

    def start(self) -> None:
        self.child.start()
        wait_until(self.is_ready, within=STARTS_WITHIN, every=0.1)

    def stop(self) -> None:
        self.child.stop()

    def signal(self, signum: int) -> None:
        os.kill(self.child.pid or 0, signum)

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/ready") is not None
        except OSError:
            return False

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Speak plain REST, as the UI does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = json.dumps(body) if body is not None else None
            connection.request(method, f"/api{path}", data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
            assert response.status < 400, f"{method} {path}: {response.status} {answer[:500]!r}"
            return json.loads(answer) if answer else {}
        finally:
            connection.close()

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        return self.ask("POST", "/flow_runs/filter", {"sort": "START_TIME_ASC", **filters})

    def runs_about(self, incident: str) -> list[dict[str, Any]]:
        """The runs whose name tells this incident."""
        return [run for run in self.runs() if run["name"].endswith(f"#{incident}")]

    def tasks_of(self, run: dict[str, Any]) -> list[str]:
        wanted = {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return [task["name"] for task in self.ask("POST", "/task_runs/filter", wanted)]

    def reports_of(self, run: dict[str, Any]) -> list[str]:
        wanted = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
        return [artifact["data"] for artifact in self.ask("POST", "/artifacts/filter", wanted)]

    def deployment(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/deployments/name/{name}")

    def start_run(self, deployment: str, **parameters: Any) -> str:
        """Start a run as the button in the UI does."""
        found = self.deployment(deployment)
        wanted = {
            "parameters": parameters,
            "state": {"type": "SCHEDULED"},
            "enforce_parameter_schema": False,
        }
        return self.ask("POST", f"/deployments/{found['id']}/create_flow_run", wanted)["id"]

    def run(self, run: str) -> dict[str, Any]:
        return self.ask("GET", f"/flow_runs/{run}")

    def set_state(self, run: str, kind: str, **more: Any) -> None:
        """Cancel or retry a run, as the buttons in the UI do."""
        state = {"type": kind, **more}
        self.ask("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": False})


@pytest.fixture(scope="session")
def prefect_database() -> Iterator[str | None]:
    """A PostgreSQL cluster where its programs are found, as `heal up` prefers it; else SQLite."""
    if find_binaries() is None:
        yield None
        return
    # Not below pytest's own folders: PostgreSQL runs as another user, who may not enter them.
    with tempfile.TemporaryDirectory(prefix="healing-test-postgres-") as name:
        home = Path(name)
        home.chmod(0o755)
        where = home / "cluster"
        child, url = cluster(where, log=home / "log", env=dict(os.environ))
        child.start()
        wait_until(lambda: is_ready(where, child.pid), within=60)
        yield url
        child.stop()


@pytest.fixture(scope="session")
def prefect_server_of_tests(
    prefect_database: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectServer]:
    server = PrefectServer(tmp_path_factory.mktemp("prefect"), prefect_database)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def prefect(prefect_server_of_tests: PrefectServer) -> Iterator[PrefectServer]:
    """A server that runs, whatever the test before did to it."""
    server = prefect_server_of_tests
    if not server.child.is_running:
        server.start()
    yield server
    if not server.child.is_running:
        server.start()
