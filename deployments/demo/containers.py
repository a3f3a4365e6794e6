"""The shop in containers, on a network of its own."""

import contextlib
from datetime import timedelta
from pathlib import Path

import docker
from docker.errors import NotFound

from deployments.demo.image import build, python_image
from deployments.demo.ports import free_block
from deployments.demo.shop import APPS, PARTS, Address, Part, cache_arguments, environment
from healing.adapters.docker import DockerHost

TIMEOUT = 120
MARK = "demo.healing.project"
PROGRAMS = "/app"


class ShopInContainers:
    """The shop on a Docker engine.

    Each part is published on a port of 127.0.0.1 that stays its own when the container is started
    again; between themselves the parts use their names.

    Args:
        url: Where the engine listens.
        project: Names the containers, as Compose does; all that carries its mark is ours.
        valkey: The server's program.
    """

    def __init__(self, url: str, project: str, valkey: Path) -> None:
        self.host_url = url
        self.host = DockerHost(url, act_within=timedelta(seconds=TIMEOUT))
        self._client = docker.APIClient(url, version="auto", timeout=TIMEOUT)
        self._project = project
        self._valkey = valkey
        self._network = "healing-demo" if project == "shop" else f"healing-demo-{project}"
        self._ports: dict[Part, int] = {}

    def up(self) -> None:
        """Make the image, the network and the containers, and start them."""
        self._ports = dict(zip(PARTS, free_block(len(PARTS)), strict=True))
        image = build(self._client, python_image(APPS, programs=(self._valkey,)))
        self._client.create_network(self._network, driver="bridge", labels={MARK: self._project})
        for part in PARTS:
            self._client.start(self._create(part, image))

    def down(self) -> None:
        """Remove the containers and the network, also those of an earlier demo."""
        ours = {"label": f"{MARK}={self._project}"}
        for one in self._client.containers(all=True, filters=ours):
            with contextlib.suppress(NotFound):
                self._client.remove_container(one["Id"], force=True, v=True)
        for network in self._client.networks(filters=ours):
            with contextlib.suppress(NotFound):
                self._client.remove_network(network["Id"])

    def close(self) -> None:
        """Close the connections to the engine."""
        self._client.close()
        self.host.close()

    def start(self, name: str) -> None:
        """Start a container that has ended."""
        self._client.start(name)

    def stop(self, name: str) -> None:
        """Stop a container, as an operator does."""
        self._client.stop(name)

    def kill(self, name: str, signal: int) -> None:
        """Send a signal to the main process of a container."""
        self._client.kill(name, signal)

    def outside(self, part: Part) -> Address:
        """Say where this machine reaches a part."""
        return f"127.0.0.1:{self._ports[part]}"

    def ping_command(self) -> list[str]:
        """Give the program that asks the cache from inside."""
        return ["python3", f"{PROGRAMS}/ping.py"]

    def _inside(self, part: Part) -> Address:
        return f"{part.name(self._project)}:{part.port}"

    def _create(self, part: Part, image: str) -> str:
        if part.app:
            command = ["python3", f"{PROGRAMS}/{part.app}"]
        else:
            command = [f"/usr/bin/{self._valkey.name}", *cache_arguments("0.0.0.0")]  # noqa: S104 - of its own network
        client = self._client
        aliases = client.create_endpoint_config(aliases=[part.service])
        created = client.create_container(
            image,
            command,
            name=part.name(self._project),
            hostname=part.name(self._project),
            environment=environment(part, self._inside),
            labels={**part.labels(self._project), MARK: self._project},
            ports=[part.port],
            stop_signal="SIGTERM",
            networking_config=client.create_networking_config({self._network: aliases}),
            host_config=client.create_host_config(
                port_bindings={part.port: ("127.0.0.1", self._ports[part])},
                mem_limit=part.memory,
                memswap_limit=part.memory,
            ),
            stop_timeout=part.grace,
        )
        identity: str = created["Id"]
        return identity
