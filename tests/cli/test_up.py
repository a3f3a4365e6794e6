"""`heal up`: everything comes, is kept running, and goes."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from healing.adapters.embedded.postgres import find_binaries
from healing.adapters.processes import ProcessHost
from tests.real import ROOT, free_port, open_to_others, wait_until

pytestmark = pytest.mark.slow

DATABASES = ["sqlite", *(["postgres"] if find_binaries() else [])]


class Up:
    """A running `heal up`."""

    def __init__(self, home: Path, database: str) -> None:
        self.home = home
        self.ports = {name: free_port() for name in ("api", "prefect", "redis")}
        self._supervisor = ProcessHost(home / "processes")
        (home / "processes").mkdir()
        self._supervisor.up(())
        argv = [sys.executable, "-m", "healing", "up", "--state", str(home / "state")]
        argv += ["--database", database, "--prefect-port", str(self.ports["prefect"])]
        argv += ["--redis-port", str(self.ports["redis"])]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HEALING_", "PREFECT_"))}
        self.argv, self.env = (
            argv,
            {
                **clean,
                "DOCKER_HOST": f"processes://{home / 'processes'}",
                "HEALING_API_PORT": str(self.ports["api"]),
                "PYTHONPATH": str(ROOT),
            },
        )
        self.log = home / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.argv, env=self.env, cwd=home, stdout=log, stderr=subprocess.STDOUT
            )

    def ready(self) -> Any:
        assert self.process.poll() is None, self.log.read_text()
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["api"], timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/ready")
            return json.loads(connection.getresponse().read()).get("dependencies")
        return None

    def is_ready(self) -> bool:
        found = self.ready()
        return bool(found) and all(each["ok"] for each in found)

    def children(self) -> dict[str, psutil.Process]:
        known = {"postgres": "postgres", "valkey": "valkey-server", "prefect": "prefect server"}
        known["agent"] = "flows.agent"
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            words = ""
            with contextlib.suppress(psutil.Error):
                words = " ".join(child.cmdline())
            found |= {name: child for name, word in known.items() if word in words}
        return found

    def everything(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._supervisor.down()


def started(home: Path, database: str, is_enough: Callable[[Up], object] = Up.is_ready) -> Up:
    # PostgreSQL runs as another user, who must be able to reach its folder.
    open_to_others(home)
    one = Up(home, database)
    try:
        wait_until(lambda: is_enough(one), within=120, every=0.2)
    except BaseException:
        one.end()
        raise
    return one


@pytest.fixture(scope="module", params=DATABASES)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Up]]:
    """What the tests of a database have started: one, as long as none of them ends it."""
    ups = [started(tmp_path_factory.mktemp("up"), request.param)]
    yield ups
    for one in ups:
        one.end()


@pytest.fixture
def up(shared: list[Up], tmp_path: Path, request: pytest.FixtureRequest) -> Up:
    """A `heal up` that runs, whatever the test before did to it."""
    if shared[-1].process.poll() is not None:
        shared.append(started(tmp_path, request.node.callspec.params["shared"]))
    return shared[-1]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Up]:
    # All of its processes run as soon as the agent answers.
    one = started(tmp_path, "sqlite", Up.ready)
    yield one
    one.end()


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_a_child_that_ends_is_started_again(up: Up) -> None:
    agent = up.children()["agent"]

    agent.kill()
    wait_until(lambda: up.children().get("agent") not in {None, agent}, within=30)
    wait_until(up.is_ready, within=60)

    assert "agent ended with code -9; again in 1 s" in up.log.read_text()


def test_the_shared_state_survives_a_stop(up: Up) -> None:
    assert list((up.home / "state" / "valkey").glob("appendonlydir/*.aof"))


def test_ctrl_c_stops_all_of_it_and_leaves_no_process(up: Up) -> None:
    text = up.log.read_text()
    assert "healing is up" in text
    assert f"http://127.0.0.1:{up.ports['prefect']}/v2/runs" in text
    started = up.everything()
    assert {"valkey", "prefect", "agent"} <= set(up.children())

    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(60) == 0
    wait_until(lambda: are_gone(started), within=10)


def test_another_one_keeps_out_of_its_state_directory(own: Up) -> None:
    ports = ["--prefect-port", str(free_port()), "--redis-port", str(free_port())]

    other = subprocess.run(
        [*own.argv, *ports], env=own.env, cwd=own.home, capture_output=True, text=True, check=False
    )

    assert other.returncode == 3
    assert f"another `heal up` uses the state directory {own.home / 'state'}" in other.stderr


def test_killed_without_a_word_it_still_leaves_no_process(own: Up) -> None:
    assert {"valkey", "prefect", "agent"} <= set(own.children())
    started = own.everything()

    own.process.send_signal(signal.SIGKILL)
    own.process.wait()

    wait_until(lambda: are_gone(started), within=30)
