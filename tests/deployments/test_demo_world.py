"""The demo's world: it opens, what is done to it can be seen, and nothing of it remains."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import docker
import pytest
import requests

from deployments.demo import monitoring
from deployments.demo.packages import find_program
from deployments.demo.world import World, WorldError
from healing.adapters.docker import DockerHost
from healing.adapters.probes import NetworkProber
from healing.instances import Instance, Status
from healing.names import ServiceName
from healing.services import ByCompose
from healing.settings import load
from tests.real import ROOT, missing, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.real("docker"), pytest.mark.real("prometheus")]

NOW = timedelta(0)
PROJECT = f"demotest{os.getpid()}"
BUCKETS = 'rate(http_request_duration_seconds_bucket{service="api"}[1m])'


@pytest.fixture(scope="module", params=["containers", "processes"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    if find_program("prometheus") is None:
        missing("prometheus is not installed")
    in_containers = request.param == "containers"
    if in_containers:
        engine = request.getfixturevalue("docker_engine")
        os.environ["DOCKER_HOST"] = engine.url
    home = tmp_path_factory.mktemp("demo")
    with World(home, project=PROJECT, may_install=False, may_use_docker=in_containers) as world:
        yield world
    os.environ.pop("DOCKER_HOST", None)


@pytest.fixture
def whole(world: World) -> Iterator[World]:
    """The world, whole again when the test is over."""
    yield world
    for name in world.names:
        if not world.probe(name):
            world.host.restart(name, grace=NOW)
    wait_until(lambda: all(world.probe(name) for name in world.names), within=20)


def name_of(part: str) -> str:
    return f"{PROJECT}-{part}"


def ask(world: World, query: str, **more: str) -> list[float]:
    answer = requests.get(
        f"{world.prometheus_url}/api/v1/query", params={"query": query, **more}, timeout=5
    )
    return [float(row["value"][1]) for row in answer.json()["data"]["result"]]


def test_every_part_answers_and_customers_are_served(world: World) -> None:
    assert all(world.probe(name) for name in world.names)
    assert requests.post(world.shop_url, timeout=5).text.startswith("order ")
    assert requests.get(world.shop_url, timeout=5).ok


def test_nothing_is_left_out_but_what_was_not_asked_for(world: World) -> None:
    assert world.left_out == ([] if world.docker_url else ["containers: they were not asked for"])


def test_the_host_knows_every_part_with_its_labels(world: World) -> None:
    seen = {i.name: i for i in world.host.instances()}

    worker = seen[name_of("worker-1")]
    assert set(world.names) <= set(seen)
    assert worker.labels["com.docker.compose.service"] == "worker"
    assert worker.labels["healing.enable"] == "true"
    assert worker.labels["healing.probe"] == "http://:8080/health"
    assert worker.labels["healing.depends_on"] == "cache"
    assert "healing.enable" not in seen[name_of("cache-exporter-1")].labels


def test_its_configuration_loads_and_means_these_services(world: World, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(world.services())

    stack = load(file, {}).stack()

    assert set(stack.services) == {"cache", "api", "worker", "gateway"}
    assert stack[ServiceName("api")].target == ByCompose("api", PROJECT)
    assert stack[ServiceName("gateway")].depends_on == ("api",)
    assert all(service.probes for service in stack.services.values())


def test_every_metric_of_the_configuration_is_there_now_and_hours_ago(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(world.services())
    signals = [s for service in load(file, {}).stack().services.values() for s in service.signals]

    def measured(query: str) -> bool:
        now, before = ask(world, query), ask(world, f"last_over_time(({query})[1m:15s] offset 5h)")
        return len(now) == len(before) == 1

    assert signals
    for one in signals:
        wait_until(lambda query=one.query: measured(query), within=30)
        if isinstance(one.capacity, str):
            assert len(ask(world, one.capacity)) == 1


@pytest.mark.parametrize(
    "query",
    [
        'sum(rate(http_requests_total{service="gateway"}[1m]))',
        'max(process_resident_memory_bytes{service="api"})',
        'sum(rate(process_cpu_seconds_total{service="gateway"}[2m]))',
        f"histogram_quantile(0.5, sum by (le) ({BUCKETS}))",
    ],
)
def test_the_past_goes_over_into_the_present(world: World, query: str) -> None:
    wait_until(lambda: 0.5 < _now_over_before(world, query) < 2, within=60)


def test_a_killed_part_is_down_and_the_gateway_goes_on_with_the_other(whole: World) -> None:
    name = name_of("api-1")

    whole.kill(name)

    wait_until(lambda: whole.host.inspect(name).status is Status.EXITED)
    assert whole.host.inspect(name).exit_code == 137
    assert not whole.probe(name)
    assert all(requests.get(whole.shop_url, timeout=5).ok for _ in range(6))
    whole.start(name)
    wait_until(lambda: whole.probe(name))


def test_a_hung_part_runs_with_its_port_open_and_answers_nothing(whole: World) -> None:
    name = name_of("api-2")

    whole.hang(name)

    assert not whole.probe(name)
    seen = whole.host.inspect(name)
    assert seen.is_running
    host, port = _address(seen)
    socket.create_connection((host, port), timeout=5).close()
    assert requests.get(whole.shop_url, timeout=5).ok


def test_a_part_stopped_by_an_operator_ends_by_itself(whole: World) -> None:
    name = name_of("api-1")

    whole.stop(name)

    assert whole.host.inspect(name).exit_code == 0


def test_without_the_cache_everything_that_needs_it_is_unwell(whole: World) -> None:
    whole.hang(name_of("cache-1"))

    needy = [name_of(part) for part in ("api-1", "api-2", "worker-1", "gateway-1")]
    wait_until(lambda: not any(whole.probe(name) for name in needy), within=20)
    whole.host.restart(name_of("cache-1"), grace=NOW)
    wait_until(lambda: all(whole.probe(name) for name in needy), within=20)


def test_the_probes_of_the_configuration_tell_well_from_hung(whole: World, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(whole.services())
    stack = load(file, {}).stack()
    prober = NetworkProber(whole.host)

    def is_well(part: str) -> bool:
        (probe,) = stack[ServiceName(part.rpartition("-")[0])].probes
        return prober.ask(probe, whole.host.inspect(name_of(part))).ok

    for part in ("worker-1", "api-1", "cache-1"):
        assert is_well(part)
        whole.hang(name_of(part))
        assert not is_well(part)


def test_a_leak_can_be_seen_and_ends_with_the_program(whole: World) -> None:
    name, memory = name_of("worker-1"), 'process_resident_memory_bytes{service="worker"}'
    wait_until(lambda: ask(whole, memory))
    (before,) = ask(whole, memory)

    whole.leak(bytes_per_second=60_000_000)

    wait_until(lambda: ask(whole, memory) > [before + 50_000_000], within=20)
    wait_until(lambda: whole.host.inspect(name).is_down, within=30)
    assert whole.host.inspect(name).exit_code == 137
    assert whole.host.inspect(name).out_of_memory or not whole.docker_url
    whole.start(name)
    wait_until(lambda: whole.probe(name))
    wait_until(lambda: [0] < ask(whole, memory) < [before * 1.5], within=20)


def test_a_name_nobody_has_is_an_error_that_lists_the_names(world: World) -> None:
    with pytest.raises(WorldError, match="worker-1"):
        world.kill("nobody")


def test_what_a_killed_demo_left_is_cleared_and_nothing_remains(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = world.docker_url
    project = f"{PROJECT}b"
    # Nobody looks at what is measured here: it need not be measured for long.
    measured_for = timedelta(seconds=0.5)
    monkeypatch.setattr(monitoring, "MEASURED_FOR", measured_for)
    program = (
        "import os, signal; from datetime import timedelta; from pathlib import Path\n"
        "from deployments.demo import monitoring; from deployments.demo.world import World\n"
        f"monitoring.MEASURED_FOR = timedelta(seconds={measured_for.total_seconds()})\n"
        f"World(Path({str(tmp_path)!r}), project={project!r}, may_install=False,"
        f" may_use_docker={url is not None}).up()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)} | ({"DOCKER_HOST": url} if url else {})
    killed = subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL

    with World(
        tmp_path, project=project, may_install=False, may_use_docker=url is not None
    ) as again:
        assert all(again.probe(name) for name in again.names)
        prometheus = again.prometheus_url
        host = again.host

    assert prometheus is not None
    with pytest.raises(requests.ConnectionError):
        requests.get(prometheus, timeout=5)
    wait_until(lambda: not _processes_of(tmp_path))
    if isinstance(host, DockerHost):
        with contextlib.closing(docker.APIClient(url, version="auto")) as client:
            ours = {"label": f"demo.healing.project={project}"}
            assert client.containers(all=True, filters=ours) == []
            assert client.networks(filters=ours) == []


def _now_over_before(world: World, query: str) -> float:
    now, before = ask(world, query), ask(world, f"avg_over_time(({query})[20m:1m] offset 2m)")
    return now[0] / before[0] if now and before else 0.0


def _address(instance: Instance) -> tuple[str, int]:
    if instance.published:
        host, _, port = instance.published[8080].rpartition(":")
        return host, int(port)
    return instance.address, 8080


def _processes_of(home: Path) -> list[str]:
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(home).encode() in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found
