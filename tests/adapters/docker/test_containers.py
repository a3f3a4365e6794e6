"""What only containers can do: be paused, run out of memory, share networks, be brought back."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from healing.adapters.docker import DockerHost
from healing.adapters.docker.engine import Reach
from healing.adapters.docker.events import read_event
from healing.adapters.docker.output import unframe
from healing.adapters.docker.picture import from_list, moment
from healing.errors import RefusedError
from healing.instances import Health, RestartPolicy, Status, What
from healing.services import Exec
from tests.real import free_port, wait_until
from tests.real.docker import MakeContainer

real = pytest.mark.real("docker")
SLEEP = "import time; time.sleep(600)"
SERVE = (
    "import http.server as h; h.HTTPServer(('', 8080), h.BaseHTTPRequestHandler).serve_forever()"
)
MEBIBYTE = 1024 * 1024


@real
def test_a_paused_one_says_so_and_takes_no_command(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container(SLEEP)
    with docker_host.happenings(since=None) as stream:
        one.pause()
        assert docker_host.inspect(one.name).status is Status.PAUSED
        assert docker_host.inspect(one.name).exit_code is None
        with pytest.raises(RefusedError, match="paused"):
            docker_host.execute(one.name, Exec(("true",)), timeout=timedelta(seconds=5))
        one.unpause()
        mine = (happening.what for happening in stream if happening.name == one.name)
        told = [next(mine), next(mine)]

    assert told == [What.PAUSED, What.UNPAUSED]
    assert docker_host.inspect(one.name).is_running


@real
def test_running_out_of_memory_is_told_as_such(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container(
        "data = []\nwhile True: data.append(b'x' * 1000000)",
        host={"mem_limit": 32 * MEBIBYTE, "memswap_limit": 32 * MEBIBYTE},
        start=False,
    )
    with docker_host.happenings(since=None) as stream:
        one.start()
        mine = (happening.what for happening in stream if happening.name == one.name)
        told = list(itertools.takewhile(lambda what: what is not What.DIED, mine))

    assert What.OUT_OF_MEMORY in told
    seen = docker_host.inspect(one.name)
    assert seen.out_of_memory
    assert seen.exit_code == 137
    assert seen.memory_limit == 32 * MEBIBYTE


@real
def test_what_the_engine_brings_back_is_counted(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    policy = {"Name": "on-failure", "MaximumRetryCount": 2}
    one = container("raise SystemExit(1)", host={"restart_policy": policy})

    wait_until(lambda: docker_host.inspect(one.name).restart_count == 2)
    wait_until(lambda: docker_host.inspect(one.name).is_down)

    seen = docker_host.inspect(one.name)
    assert seen.restart_policy is RestartPolicy.ON_FAILURE
    assert seen.exit_code == 1


@real
def test_a_taken_port_is_a_refusal_in_the_words_of_the_engine(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    port = free_port()
    ports = {"port_bindings": {8080: ("127.0.0.1", port)}}
    container(SERVE, ports=[8080], host=ports)
    second = container(SERVE, ports=[8080], host=ports, start=False)

    with pytest.raises(RefusedError, match="already allocated"):
        docker_host.start(second.name)


@real
def test_published_ports_are_known(docker_host: DockerHost, container: MakeContainer) -> None:
    port = free_port()
    one = container(
        SERVE, ports=[8080, (53, "udp")], host={"port_bindings": {8080: ("127.0.0.1", port)}}
    )

    assert docker_host.inspect(one.name).published == {8080: f"127.0.0.1:{port}"}


@real
def test_a_container_on_the_network_of_another_has_its_address(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    first = container(SLEEP)
    second = container(SLEEP, host={"network_mode": f"container:{first.id}"})

    assert docker_host.inspect(second.name).address == docker_host.inspect(first.name).address != ""


@real
def test_a_container_on_the_network_of_one_that_is_gone_is_still_there(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    first = container(SLEEP)
    second = container(SLEEP, host={"network_mode": f"container:{first.id}"})

    first.remove()

    assert docker_host.inspect(second.name).address == ""
    assert second.name in {one.name for one in docker_host.instances()}


@real
def test_a_container_without_a_network_has_no_address(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container(SLEEP, host={"network_mode": "none"})

    assert docker_host.inspect(one.name).address == ""


@real
def test_a_container_on_the_network_of_the_machine_is_on_loopback(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container(SLEEP, host={"network_mode": "host"})

    assert docker_host.inspect(one.name).address == "127.0.0.1"


@real
def test_logs_of_a_terminal_are_read_as_they_are(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container("print('on screen')", tty=True)
    wait_until(lambda: docker_host.inspect(one.name).is_down)

    assert docker_host.logs(one.name, lines=5).strip() == "on screen"


@real
def test_logs_begin_where_they_were_asked_to(
    docker_host: DockerHost, container: MakeContainer
) -> None:
    one = container("import time; print('early', flush=True); time.sleep(1); print('late')")
    wait_until(lambda: docker_host.inspect(one.name).is_down)
    ended = docker_host.inspect(one.name).finished_at
    assert ended is not None

    assert docker_host.logs(one.name, lines=9, since=ended - timedelta(seconds=0.7)) == "late\n"


@pytest.mark.parametrize(
    ("row", "status", "health", "code"),
    [
        pytest.param(("running", "Up 2 hours"), Status.RUNNING, Health.NONE, None, id="running"),
        pytest.param(
            ("running", "Up 3 minutes (healthy)"),
            Status.RUNNING,
            Health.HEALTHY,
            None,
            id="healthy",
        ),
        pytest.param(
            ("running", "Up 3 minutes (unhealthy)"),
            Status.RUNNING,
            Health.UNHEALTHY,
            None,
            id="unhealthy",
        ),
        pytest.param(
            ("running", "Up 2 seconds (health: starting)"),
            Status.RUNNING,
            Health.STARTING,
            None,
            id="starting",
        ),
        pytest.param(
            ("exited", "Exited (137) 5 seconds ago"), Status.EXITED, Health.NONE, 137, id="killed"
        ),
        pytest.param(
            ("restarting", "Restarting (1) 2 seconds ago"),
            Status.RESTARTING,
            Health.NONE,
            1,
            id="brought back",
        ),
        pytest.param(("stopping", "Stopping"), Status.EXITED, Health.NONE, None, id="not Docker's"),
    ],
)
def test_a_row_of_the_list_is_read(
    row: tuple[str, str], status: Status, health: Health, code: int | None
) -> None:
    seen = from_list(
        {"Id": "1", "Names": ["/shop"], "State": row[0], "Status": row[1], "Created": 0}, Reach()
    )

    assert (seen.name, seen.status, seen.health, seen.exit_code) == ("shop", status, health, code)


def test_times_of_the_engine_are_read_and_never_means_none() -> None:
    assert moment("0001-01-01T00:00:00Z") is None
    assert moment("2026-01-01T13:00:00.123456789+01:00") == datetime(
        2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC
    )


def _event(action: str, **attributes: str) -> bytes:
    actor = {"ID": "1", "Attributes": {"name": "shop", "image": "i", **attributes}}
    return json.dumps(
        {"Type": "container", "Action": action, "Actor": actor, "timeNano": 1_000_000_001_500}
    ).encode()


def test_an_event_is_read_to_the_microsecond() -> None:
    read = read_event(_event("kill", signal="SIGTERM", shop="yes"))

    assert read is not None
    at, happening = read
    assert at == 1_000_000_001_500
    assert happening.at == datetime(1970, 1, 1, 0, 16, 40, 1, tzinfo=UTC)
    assert happening.signal == 15
    assert happening.labels == {"shop": "yes"}


def test_an_event_that_means_nothing_to_us_is_none() -> None:
    assert read_event(_event("rename")) is None


@pytest.mark.parametrize("line", [b"", b"nothing", b"[]", b"{}", _event("die", exitCode="x")])
def test_what_is_no_event_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own is one
        read_event(line)


def test_frames_of_both_streams_are_joined_and_a_torn_one_is_cut_off() -> None:
    frame = lambda stream, text: bytes([stream, 0, 0, 0]) + len(text).to_bytes(4) + text  # noqa: E731

    joined = unframe(frame(1, b"out\n") + frame(2, b"err\n") + b"\x01\x00\x00")

    assert joined == b"out\nerr\n"
