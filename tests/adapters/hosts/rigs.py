"""Kinds of hosts, what an operator does to what lives on them, and programs to live there."""

import queue
import sys
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self

from healing.adapters.docker import DockerHost
from healing.adapters.processes import HealthCommand, ProcessHost, Program
from healing.errors import HealingError
from healing.instances import Happening, What
from healing.names import InstanceName
from healing.ports import Host
from tests.real import wait_until
from tests.real.docker import MakeContainer

SOON = timedelta(seconds=10)
NOW = timedelta(0)

SLEEPER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
SERVER = """
import http.server, sys
server = http.server.HTTPServer(("", int(sys.argv[1])), http.server.BaseHTTPRequestHandler)
print("up", flush=True)
server.serve_forever()
"""
TALKER = """
import sys, time
print("one", flush=True)
print("two", file=sys.stderr, flush=True)
print("three", flush=True)
time.sleep(600)
"""


class Rig(Protocol):
    """One kind of host, and what an operator does to what lives on it."""

    host: Host
    python: str
    """What runs a program there."""
    scratch: str
    """A folder that programs there may write to."""

    def make(self, program: str, *arguments: str, start: bool = True, healthy_if: str = "") -> str:
        """Make something that runs this Python program. Returns its name."""
        ...

    def make_one_that_cannot_start(self) -> str: ...
    def stop(self, name: str) -> None: ...
    def kill(self, name: str, number: int) -> None: ...
    def remove(self, name: str) -> None: ...


@dataclass
class DockerRig:
    host: DockerHost
    container: MakeContainer
    python: str = "python3"
    scratch: str = "/tmp"  # noqa: S108 - of each container
    _made: dict[str, object] = field(default_factory=dict)

    def make(self, program: str, *arguments: str, start: bool = True, healthy_if: str = "") -> str:
        healthcheck = {
            "test": ["CMD", "python3", "-c", healthy_if],
            "interval": 300_000_000,
            "timeout": 2_000_000_000,
            "retries": 1,
        }
        one = self.container(
            ["python3", "-c", program, *arguments],
            start=start,
            stop_timeout=3,
            labels={"shop": "yes"},
            healthcheck=healthcheck if healthy_if else None,
        )
        self._made[one.name] = one
        return one.name

    def make_one_that_cannot_start(self) -> str:
        return self.container(["/no/such/program"], start=False).name

    def stop(self, name: str) -> None:
        self._made[name].stop()

    def kill(self, name: str, number: int) -> None:
        self._made[name].kill(number)

    def remove(self, name: str) -> None:
        self._made[name].remove()


@dataclass
class ProcessRig:
    host: ProcessHost
    scratch: str
    python: str = sys.executable
    _made: int = 0

    def make(self, program: str, *arguments: str, start: bool = True, healthy_if: str = "") -> str:
        self._made += 1
        health = HealthCommand(
            argv=(sys.executable, "-c", healthy_if), every=timedelta(milliseconds=300), failures=1
        )
        return self._declare(
            Program(
                name=InstanceName(f"program-{self._made}"),
                argv=(sys.executable, "-c", program, *arguments),
                labels={"shop": "yes"},
                stop_grace=timedelta(seconds=3),
                health=health if healthy_if else None,
            ),
            start=start,
        )

    def make_one_that_cannot_start(self) -> str:
        return self._declare(
            Program(name=InstanceName("broken"), argv=("/no/such/program",)), start=False
        )

    def _declare(self, program: Program, *, start: bool) -> str:
        self.host.declare([program])
        if start:
            self.host.start(program.name)
        return program.name

    def stop(self, name: str) -> None:
        self.host.stop(name)

    def kill(self, name: str, number: int) -> None:
        self.host.kill(name, number)

    def remove(self, name: str) -> None:
        self.host.remove(name)


@dataclass
class Watch:
    """Takes down in a thread what happens to one container."""

    host: Host
    since: datetime | None = None
    seen: list[Happening] = field(default_factory=list)
    ended: queue.SimpleQueue[HealingError | None] = field(default_factory=queue.SimpleQueue)

    def __enter__(self) -> Self:
        self.stream = self.host.happenings(since=self.since)
        self.thread = threading.Thread(target=self._take_down)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def _take_down(self) -> None:
        try:
            for happening in self.stream:
                self.seen.append(happening)
            self.ended.put(None)
        except HealingError as error:
            self.ended.put(error)

    def of(self, name: str) -> list[tuple[What, int | None]]:
        return [
            (h.what, h.signal if h.signal is not None else h.exit_code)
            for h in list(self.seen)
            if h.name == name
        ]

    def wait_for(self, name: str, what: What) -> None:
        wait_until(lambda: what in {w for w, _ in self.of(name)})
