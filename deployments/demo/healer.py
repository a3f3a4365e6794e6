"""`heal up`, as the demo starts it, and what it says over its REST interface."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

import requests
import yaml

from deployments.demo.ports import LOOPBACK, take
from deployments.demo.world import World

READY_WITHIN = 180.0
LEARNT_WITHIN = 90.0
ANSWERS_WITHIN = 90.0
LOOK_AHEAD_EVERY = "10s"


class HealerError(Exception):
    """The healer did not do what it is needed for: what, and where to look."""


class Healer:
    """Everything that `heal up` starts, looking after the demo's world.

    Args:
        home: Where its state and its configuration are kept.
        world: What it looks after.
    """

    def __init__(self, home: Path, world: World) -> None:
        self.home = home
        self.config = home / "config.yaml"
        self.log = home / "heal-up.log"
        self.prefect = f"http://{LOOPBACK}:{_port(4200)}"
        self.api = f"http://{LOOPBACK}:{_port(8200)}"
        self._redis_port = _port(6380)
        self._world = world
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Start it, and wait until it sees everything it needs.

        Raises:
            HealerError: It was not ready in time.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._configuration())
        argv = [sys.executable, "-m", "healing", "up", "--config", str(self.config)]
        argv += ["--state", str(self.home), "--redis-port", str(self._redis_port)]
        argv += ["--prefect-port", self.prefect.rpartition(":")[2]]
        env = {**os.environ, "HEALING_API_PORT": self.api.rpartition(":")[2]}
        for theirs in ("PREFECT_API_URL", "HEALING_REDIS_URL", "HEALING_CONFIG", "DOCKER_HOST"):
            env.pop(theirs, None)
        with self.log.open("wb") as output:
            self._process = self._start(argv, env, output)
        self._wait(self._is_ready, READY_WITHIN, "ready")

    def down(self) -> None:
        """Stop everything that it started."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(60)
        self._process.kill()
        self._process.wait()

    def learn(self) -> str:
        """Have it learn what is usual from the history there is, as the button in the UI does.

        Returns:
            What it says it has learnt.
        """
        found = self._prefect("GET", "/deployments/name/train/batch")
        wanted = {"state": {"type": "SCHEDULED"}, "idempotency_key": f"demo-{time.time_ns()}"}
        run = self._prefect("POST", f"/deployments/{found['id']}/create_flow_run", wanted)["id"]

        def is_over() -> bool:
            return self._prefect("GET", f"/flow_runs/{run}")["state"]["type"] in {
                "COMPLETED",
                "FAILED",
                "CRASHED",
                "CANCELLED",
            }

        self._wait(is_over, LEARNT_WITHIN, "done with learning")
        state = self._prefect("GET", f"/flow_runs/{run}")["state"]
        return f"{state['message'] or state['name']}"

    def incidents(self, service: str) -> list[dict[str, Any]]:
        """List the incidents of a service, newest first."""
        answer = requests.get(f"{self.api}/incidents", params={"service": service}, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def is_well(self) -> bool:
        """Ask it whether every container answers well and nothing is open."""
        status = requests.get(f"{self.api}/status", timeout=10).json()
        containers = [c for service in status["services"] for c in service["containers"]]
        return bool(containers) and all(c["well"] for c in containers)

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def _start(
        self, argv: list[str], env: dict[str, str], output: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        # In a session of its own: Ctrl-C is ours to handle, and to pass on when we are done.
        return subprocess.Popen(
            argv, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )

    def _configuration(self) -> str:
        storage: dict[str, Any] = {"docker": {"url": self._world.host_url}}
        if self._world.prometheus_url:
            storage["prometheus"] = {"url": self._world.prometheus_url}
        ours = {
            "storage": storage,
            "safety": {"limits": {"cool_down": "5s", "budget": "10/1h"}},
            "predictive_monitoring": {"every": LOOK_AHEAD_EVERY},
        }
        return yaml.safe_dump(ours, sort_keys=False) + self._world.services()

    def _is_ready(self) -> bool:
        try:
            answer = requests.get(f"{self.api}/ready", timeout=5).json()
            known = all(each["ok"] for each in answer["dependencies"])
            return known and self.is_well()
        except (requests.RequestException, ValueError, KeyError):
            return False

    def _prefect(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the Prefect server; a busy one answers 503, and wants to be asked again."""
        deadline = time.monotonic() + ANSWERS_WITHIN
        while True:
            try:
                answer = requests.request(
                    method, f"{self.prefect}/api{path}", json=body, timeout=10
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                refused = str(error)
            else:
                if answer.status_code != requests.codes.unavailable:
                    answer.raise_for_status()
                    return answer.json()
                refused = f"{answer.status_code} {answer.text}"
            self._pause(deadline, f"Prefect does not answer {method} {path}: {refused}")

    def _wait(self, claim: Callable[[], bool], within: float, what: str) -> None:
        deadline = time.monotonic() + within
        while not claim():
            self._pause(deadline, f"not {what} within {within:g} s")

    def _pause(self, deadline: float, otherwise: str) -> None:
        if self._process is None or self._process.poll() is not None:
            raise HealerError(f"heal up ended:\n{self._last_lines()}")
        if time.monotonic() > deadline:
            raise HealerError(f"{otherwise}\n{self._last_lines()}")
        time.sleep(0.1)

    def _last_lines(self) -> str:
        logs = self.home / "logs"
        said = [*_end_of(self.log), *_end_of(logs / "prefect.log")]
        return "\n".join([*said, f"(more in {self.log} and {logs})"])


def _end_of(log: Path) -> list[str]:
    if not log.exists():
        return []
    return [f"{log.name}:", *log.read_text(errors="replace").splitlines()[-15:]]


def _port(usual: int) -> int:
    """Take the usual port, or the next one that is free."""
    return next(port for port in range(usual, usual + 100) if take(LOOPBACK, port))
