"""A real Docker engine, and containers that are gone when their test is.

It is the engine at `HEALING_TEST_DOCKER`, or the one that answers on this machine, or one that is
started for the tests, as root, where `dockerd` is installed.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import docker
import pytest

from deployments.demo.engine import Engine, NoEngine, ask, ensure_engine
from deployments.demo.image import build, python_image
from healing.adapters.docker import DockerHost
from tests.real import missing

_numbers = itertools.count(1)
MakeContainer = Callable[..., "Container"]


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that answers."""
    if url := os.environ.get("HEALING_TEST_DOCKER"):
        yield Engine(url, ask(url))
        return
    engine = ensure_engine(tmp_path_factory.mktemp("engine"), print, may_install=False)
    if isinstance(engine, NoEngine):
        missing(f"no Docker engine: {engine.reason}")
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def docker_client(docker_engine: Engine) -> Iterator[docker.APIClient]:
    """A plain client of the engine, to do to containers what operators do."""
    client = docker.APIClient(docker_engine.url, version="auto", timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def docker_host(docker_engine: Engine) -> Iterator[DockerHost]:
    """Our adapter on the engine."""
    host = DockerHost(docker_engine.url)
    yield host
    host.close()


@pytest.fixture(scope="session")
def python_container_image(docker_client: docker.APIClient) -> str:
    """An image with Python in it, made from what is on this machine."""
    return build(docker_client, python_image(name="healing-test"))


@pytest.fixture(scope="session")
def docker_network(docker_client: docker.APIClient) -> Iterator[str]:
    """A network of the tests' own: an engine that was started for them has no other."""
    name = f"healing-test-{os.getpid()}"
    docker_client.create_network(name, driver="bridge")
    yield name
    try:
        docker_client.remove_network(name)
    except docker.errors.APIError as error:
        # An engine that had much to do at once may count containers that are long gone.
        if "has active endpoints" not in str(error) or docker_client.containers(
            all=True, filters={"network": name}
        ):
            raise


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a test, and what people do to it."""

    client: docker.APIClient
    id: str
    name: str

    def start(self) -> None:
        self.client.start(self.id)

    def stop(self, grace: int = 5) -> None:
        self.client.stop(self.id, timeout=grace)

    def kill(self, signal: str = "KILL") -> None:
        self.client.kill(self.id, signal)

    def pause(self) -> None:
        self.client.pause(self.id)

    def unpause(self) -> None:
        self.client.unpause(self.id)

    def remove(self) -> None:
        self.client.remove_container(self.id, force=True, v=True)


@pytest.fixture
def container(
    docker_client: docker.APIClient, docker_network: str, python_container_image: str
) -> Iterator[MakeContainer]:
    """Make containers: `container("print(1)")` runs that Python program, once it is started."""
    made: list[Container] = []

    def make(
        program: str | list[str],
        *,
        host: Mapping[str, Any] | None = None,
        image: str | None = None,
        start: bool = True,
        **kwargs: Any,
    ) -> Container:
        name = f"healing-test-{os.getpid()}-{next(_numbers)}"
        argv = ["python3", "-c", program] if isinstance(program, str) else program
        created = docker_client.create_container(
            image or python_container_image,
            argv,
            name=name,
            host_config=docker_client.create_host_config(
                **{"network_mode": docker_network, **(host or {})}
            ),
            **kwargs,
        )
        one = Container(docker_client, created["Id"], name)
        made.append(one)
        if start:
            one.start()
        return one

    yield make
    for one in made:
        try:
            one.remove()
        except docker.errors.NotFound:
            continue
