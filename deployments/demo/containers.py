"""The shop in containers, on a network of its own."""

import contextlib
import ipaddress
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import docker
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from deployments.demo.image import build, python_image
from deployments.demo.ports import free_block
from deployments.demo.shop import APPS, PARTS, Address, Part, cache_arguments, environment
from healing.adapters.docker import DockerHost

TIMEOUT = 120
MARK = "demo.healing.project"
PROGRAMS = "/app"


class ShopInContainers:
    """The shop on a Docker engine.

    Each part has an address on the network, and a port of 127.0.0.1 where it is published, that
    stay its own when the container is started again. Names would not do between the parts: the
    engine asks the world for the name of a container that is down, which takes long where there is
    no world.

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
        self._addresses: dict[Part, str] = {}

    def up(self) -> None:
        """Make the image, the network and the containers, and start them."""
        self._ports = dict(zip(PARTS, free_block(len(PARTS)), strict=True))
        image = build(self._client, python_image(APPS, programs=(self._valkey,)))
        self._addresses = dict(zip(PARTS, self._make_network(), strict=False))
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

    def _make_network(self) -> Iterator[str]:
        """Make the network. Returns the addresses that parts can have on it."""
        subnet = self._free_subnet()
        gateway, *addresses = map(str, itertools.islice(subnet.hosts(), 1 + len(PARTS)))
        pool = IPAMPool(subnet=str(subnet), gateway=gateway)
        self._client.create_network(
            self._network,
            driver="bridge",
            labels={MARK: self._project},
            ipam=IPAMConfig(pool_configs=[pool]),
        )
        return iter(addresses)

    def _free_subnet(self) -> ipaddress.IPv4Network:
        """Let the engine choose a subnet: addresses can be kept only where we name it ourselves."""
        labels = {MARK: self._project}
        made = self._client.create_network(self._network, driver="bridge", labels=labels)["Id"]
        (chosen, *_) = self._client.inspect_network(made)["IPAM"]["Config"]
        self._client.remove_network(made)
        return ipaddress.IPv4Network(chosen["Subnet"])

    def _inside(self, part: Part) -> Address:
        return f"{self._addresses[part]}:{part.port}"

    def _create(self, part: Part, image: str) -> str:
        if part.app:
            command = ["python3", f"{PROGRAMS}/{part.app}"]
        else:
            command = [f"/usr/bin/{self._valkey.name}", *cache_arguments("0.0.0.0")]  # noqa: S104 - of its own network
        client = self._client
        endpoint = client.create_endpoint_config(
            aliases=[part.service], ipv4_address=self._addresses[part]
        )
        created = client.create_container(
            image,
            command,
            name=part.name(self._project),
            hostname=part.name(self._project),
            environment=environment(part, self._inside),
            labels={**part.labels(self._project), MARK: self._project},
            ports=[part.port],
            stop_signal="SIGTERM",
            networking_config=client.create_networking_config({self._network: endpoint}),
            host_config=client.create_host_config(
                port_bindings={part.port: ("127.0.0.1", self._ports[part])},
                mem_limit=part.memory,
                memswap_limit=part.memory,
            ),
            stop_timeout=part.grace,
        )
        identity: str = created["Id"]
        return identity
