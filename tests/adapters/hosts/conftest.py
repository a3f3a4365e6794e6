"""Every kind of host, in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healing.adapters.processes import ProcessHost
from tests.adapters.hosts.rigs import SLEEPER, DockerRig, ProcessRig, Rig
from tests.real import wait_until


@pytest.fixture
def process_rig(tmp_path: Path) -> Iterator[ProcessRig]:
    host = ProcessHost(tmp_path / "supervised")
    host.up([])
    yield ProcessRig(host, str(tmp_path))
    host.down()


@pytest.fixture(params=["docker", "processes"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "processes":
        return request.getfixturevalue("process_rig")
    return DockerRig(request.getfixturevalue("docker_host"), request.getfixturevalue("container"))


@pytest.fixture
def up(rig: Rig) -> Callable[..., str]:
    """Make something that runs, and wait until its program says that it is up."""

    def make(program: str = SLEEPER, *arguments: str, healthy_if: str = "") -> str:
        name = rig.make(program, *arguments, healthy_if=healthy_if)
        wait_until(lambda: "up" in rig.host.logs(name, lines=10))
        return name

    return make
