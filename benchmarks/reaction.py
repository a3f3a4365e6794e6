"""How soon does it act? From `docker kill` to the start, as Docker's own events tell it.

    python -m benchmarks.reaction

Needs a Docker engine. Starts `heal up` in a folder of its own, on SQLite and on PostgreSQL, and
containers that it kills: one at a time, twenty at once, and with Prefect stopped. Also measured:
a run started over the REST API that the UI uses, to its first task.
"""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import requests
import yaml

from deployments.demo.engine import Engine, NoEngine, ensure_engine
from deployments.demo.image import build, python_image
from deployments.demo.ports import LOOPBACK, is_free
from healing.adapters.embedded.postgres import find_binaries

KILLS = 30
AT_ONCE = 20
APART = 61.0
"""Seconds between two kills of one container: three deaths in a minute are a crash loop."""
PREFIX = "healing-bench"
WAIT = ["python3", "-c", "import time; time.sleep(1e6)"]


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill, and what came of it; seconds from the death that Docker tells."""

    to_start: float
    """Until Docker tells that it runs again."""
    to_act: float
    """Until the intent stood in the ledger: the start was asked for right after."""
    is_live: bool
    """Whether Prefect had the run while it happened."""


class Stand:
    """`heal up` on one database, and containers to kill.

    Args:
        engine: Where the containers run.
        database: `postgres` or `sqlite`.
    """

    def __init__(self, engine: Engine, database: str) -> None:
        self._client = docker.APIClient(engine.url, version="auto", timeout=60)
        self._engine = engine
        self._database = database
        self._folder = tempfile.TemporaryDirectory(prefix="healing-bench-")
        self.home = Path(self._folder.name)
        self.home.chmod(0o755)
        self._ports = [port for port in range(24200, 24300) if is_free(LOOPBACK, port)][:3]
        self._process: subprocess.Popen[bytes] | None = None
        self.containers: list[str] = []
        self._killed_at: dict[str, float] = {}

    @property
    def api(self) -> str:
        """Where the agent answers."""
        return f"http://{LOOPBACK}:{self._ports[0]}"

    @property
    def prefect(self) -> str:
        """Where Prefect answers."""
        return f"http://{LOOPBACK}:{self._ports[1]}"

    def up(self, containers: int) -> None:
        """Make the containers, start everything, wait until it sees them."""
        image = build(self._client, python_image())
        for number in range(containers):
            name = f"{PREFIX}-{os.getpid()}-{number}"
            made = self._client.create_container(image, WAIT, name=name)
            self._client.start(made["Id"])
            self.containers.append(name)
        limits = {"cool_down": "0s", "budget": "100000/1h", "settle": "0s", "stable_for": "1s"}
        config = {
            "services": {name: {"target": {"container": name}} for name in self.containers},
            "safety": {"limits": limits},
            "storage": {"docker": {"url": self._engine.url}},
            "api": {"port": self._ports[0]},
        }
        file = self.home / "config.yaml"
        file.write_text(yaml.safe_dump(config))
        argv = [sys.executable, "-m", "healing", "up", "--config", str(file)]
        argv += ["--state", str(self.home / "state"), "--database", self._database]
        argv += ["--prefect-port", str(self._ports[1]), "--redis-port", str(self._ports[2])]
        env = {k: v for k, v in os.environ.items() if k not in {"PREFECT_API_URL", "DOCKER_HOST"}}
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(argv, env=env, stdout=log, stderr=subprocess.STDOUT)
        _wait(self._is_ready, 180)
        time.sleep(3)

    def down(self) -> None:
        """Stop and remove all of it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        for name in self.containers:
            with contextlib.suppress(docker.errors.APIError):
                self._client.remove_container(name, force=True)
        self._client.close()
        self._folder.cleanup()

    def calm(self, count: int) -> list[str]:
        """Choose the containers that were killed longest ago, once that is long enough."""
        chosen = sorted(self.containers, key=lambda name: self._killed_at.get(name, 0))[:count]
        latest = max(self._killed_at.get(name, 0) for name in chosen)
        time.sleep(max(0.0, latest + APART - time.time()))
        return chosen

    def kill(self, names: Sequence[str]) -> list[Killed]:
        """Kill these at once, wait until all of them are healed, and read what Docker tells."""
        since = time.time()
        for name in names:
            self._killed_at[name] = since
            self._client.kill(name, "KILL")
        ended = [self._healed(name, since) for name in names]
        return [self._read(name, since, story) for name, story in zip(names, ended, strict=True)]

    def wait_until_recorded(self) -> None:
        """Wait until Prefect has the run of every incident, and answers at once again."""

        def is_calm() -> bool:
            with contextlib.suppress(requests.Timeout):
                requests.get(f"{self.prefect}/api/ready", timeout=0.5)
                told = requests.get(f"{self.api}/incidents", timeout=10).json()
                return all(incident["run_url"] for incident in told)
            return False

        _wait(is_calm, 300)

    def stop_prefect(self) -> None:
        """Freeze the Prefect server: nobody answers, nothing refuses."""
        os.kill(self._prefect_pid(), signal.SIGSTOP)

    def first_task_after_ui_run(self) -> float:
        """Start a run over the REST API of the UI. Returns seconds until its first task ran."""
        found = self._ask_prefect("GET", "/deployments/name/recover/fast")
        wanted = {"parameters": {"service": self.containers[0]}, "state": {"type": "SCHEDULED"}}
        asked = time.time()
        run = self._ask_prefect("POST", f"/deployments/{found['id']}/create_flow_run", wanted)["id"]
        tasks: list[dict[str, Any]] = []

        def has_begun() -> bool:
            only = {"flow_runs": {"id": {"any_": [run]}}, "sort": "EXPECTED_START_TIME_ASC"}
            answer = self._ask_prefect("POST", "/task_runs/filter", only)
            tasks[:] = [task for task in answer if task["start_time"]]
            return bool(tasks)

        _wait(has_begun, 30)
        return min(_seconds(task["start_time"]) for task in tasks) - asked

    def _ask_prefect(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server; one whose database is busy answers 503 and is asked again."""
        while True:
            answer = requests.request(method, f"{self.prefect}/api{path}", json=body, timeout=60)
            if answer.status_code != requests.codes.unavailable:
                answer.raise_for_status()
                return answer.json()
            time.sleep(0.1)

    def _healed(self, name: str, since: float) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def is_over() -> bool:
            answer = requests.get(f"{self.api}/incidents", params={"service": name}, timeout=10)
            found[:] = [i for i in answer.json() if _seconds(i["opened_at"]) >= since - 1]
            return bool(found) and found[0]["ending"] is not None

        _wait(is_over, 60)
        if found[0]["ending"] != "healed":
            raise RuntimeError(f"not healed: {found[0]['headline']}")
        return found[0]

    def _read(self, name: str, since: float, story: dict[str, Any]) -> Killed:
        events = self._client.events(
            since=since - 1, until=time.time(), decode=True, filters={"container": name}
        )
        times = {event["Action"]: event["timeNano"] / 1e9 for event in events}
        died = times["die"]
        acted = _seconds(story["opened_at"]) + story["seconds_to_act"]
        return Killed(times["start"] - died, acted - died, self._was_live(story["id"]))

    def _was_live(self, incident: str) -> bool:
        """Wait for the note on its run, which is made once the report is written, and read it."""
        found: list[str] = []

        def is_noted() -> bool:
            for file in (self.home / "state" / "ledger").glob("*.jsonl"):
                found.extend(
                    entry
                    for entry in file.read_text().splitlines()
                    if f'"incident":"{incident}"' in entry and '"live":' in entry
                )
            return bool(found)

        with contextlib.suppress(TimeoutError):
            _wait(is_noted, 3)
        return any('"live":true' in entry for entry in found)

    def _prefect_pid(self) -> int:
        found = subprocess.run(
            ["pgrep", "-f", f"^{sys.executable} -m prefect server start", "-P", str(self._pid())],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(found.stdout.split()[0])

    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def _is_ready(self) -> bool:
        with contextlib.suppress(requests.RequestException, ValueError):
            answer = requests.get(f"{self.api}/ready", timeout=5).json()
            return all(each["ok"] for each in answer["dependencies"])
        return False


@contextlib.contextmanager
def stand(engine: Engine, database: str, containers: int) -> Iterator[Stand]:
    """Have a stand, and nothing of it afterwards."""
    one = Stand(engine, database)
    try:
        one.up(containers)
        yield one
    finally:
        one.down()


def main() -> None:
    """Measure, and print a table."""
    engine = ensure_engine(Path(tempfile.mkdtemp()), print, may_install=False)
    if isinstance(engine, NoEngine):
        print(f"left out, no Docker engine: {engine.reason}")
        return
    databases = ["sqlite", *(["postgres"] if find_binaries() else [])]
    print("seconds from the death that Docker tells   median    p95     max   run in Prefect live")
    try:
        for database in databases:
            with stand(engine, database, KILLS + 1) as one:
                _measure(one, database)
    finally:
        engine.stop()


def _measure(one: Stand, database: str) -> None:
    one.kill(one.calm(1))
    single: list[Killed] = []
    for _ in range(KILLS):
        single += one.kill(one.calm(1))
        time.sleep(0.5)
    _print(f"{database}: {KILLS} kills, one at a time", single)
    _print(f"{database}: {AT_ONCE} killed at once", one.kill(one.calm(AT_ONCE)))
    one.wait_until_recorded()
    ui = sorted(one.first_task_after_ui_run() for _ in range(10))
    row = f"{statistics.median(ui):7.2f} {'':7} {ui[-1]:7.2f}"
    print(f"  {database + ': run started in the UI, first task':<44}{row}", flush=True)
    one.stop_prefect()
    frozen = [killed for _ in range(5) for killed in one.kill(one.calm(1))]
    _print(f"{database}: Prefect frozen", frozen)


def _print(what: str, kills: Sequence[Killed]) -> None:
    live = sum(killed.is_live for killed in kills)
    for label, times in (
        ("start call", sorted(killed.to_act for killed in kills)),
        ("runs again", sorted(killed.to_start for killed in kills)),
    ):
        p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
        row = f"{statistics.median(times):7.2f} {p95:7.2f} {times[-1]:7.2f}"
        print(f"  {what + ', ' + label:<44}{row}   {live}/{len(kills)}", flush=True)


def _wait(claim: Callable[[], bool], within: float) -> None:
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {within:g} s: {claim}")
        time.sleep(0.05)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


if __name__ == "__main__":
    main()
