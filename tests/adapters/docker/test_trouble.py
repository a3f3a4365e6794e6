"""What the Docker adapter says in trouble: a real engine behind a faulty door."""

import gc
import os
import socket
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deployments.demo.engine import Engine
from healing.adapters.docker import DockerHost
from healing.adapters.docker.engine import find_engine
from healing.errors import (
    HostUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    SetupError,
)
from healing.instances import Status, What
from healing.ports import HappeningStream
from tests.real import open_to_others, wait_until
from tests.real.docker import MakeContainer
from tests.real.faulty_engine import FaultyDoor

pytestmark = [
    pytest.mark.real("docker"),
    # docker-py drops a socket that could not connect without closing it.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

SHORT = timedelta(seconds=0.5)
SLEEP = "import time; time.sleep(600)"
NOW = timedelta(0)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect such sockets while that is expected, and not in the middle of another test."""
    yield
    gc.collect()


@pytest.fixture
def door(tmp_path: Path, docker_engine: Engine) -> Iterator[FaultyDoor]:
    door = FaultyDoor(tmp_path / "s", docker_engine.url)
    yield door
    door.close()


@pytest.fixture
def host(door: FaultyDoor) -> Iterator[DockerHost]:
    host = DockerHost(door.url, answer_within=SHORT, act_within=SHORT, silence=SHORT)
    host.ping()
    yield host
    host.close()


@pytest.fixture
def patient(door: FaultyDoor) -> Iterator[DockerHost]:
    """A host that gives a busy engine time, and soon doubts a quiet stream."""
    host = DockerHost(door.url, silence=SHORT)
    yield host
    host.close()


def test_without_a_socket_it_says_how_to_get_an_engine(tmp_path: Path) -> None:
    host = DockerHost(f"unix://{tmp_path}/none.sock")

    with pytest.raises(SetupError) as error:
        host.ping()

    assert "systemctl start docker" in error.value.remedy
    assert "DOCKER_HOST" in error.value.remedy


def test_without_the_right_it_says_how_to_get_it(tmp_path: Path, docker_engine: Engine) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody without the right")
    locked = tmp_path / "locked.sock"
    door = FaultyDoor(locked, docker_engine.url)
    locked.chmod(stat.S_IRUSR | stat.S_IWUSR)
    open_to_others(tmp_path)
    os.seteuid(65534)
    try:
        with pytest.raises(SetupError) as error:
            DockerHost(door.url).ping()
    finally:
        os.seteuid(0)
        door.close()

    assert "group docker" in error.value.remedy


@pytest.mark.parametrize("url", ["ssh://somewhere", "npipe:////./pipe/docker", "docker"])
def test_a_way_that_it_cannot_go_is_named(url: str) -> None:
    with pytest.raises(SetupError, match="cannot talk"):
        DockerHost(url).ping()


def test_a_dead_port_is_an_engine_that_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = DockerHost(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(HostUnavailableError, match="is it running"):
            host.ping()


def test_an_engine_that_stopped_after_it_once_answered_is_only_away(
    host: DockerHost, door: FaultyDoor
) -> None:
    door.close()

    with pytest.raises(HostUnavailableError):
        host.instances()


def test_an_engine_that_came_back_is_used_again(
    host: DockerHost, door: FaultyDoor, tmp_path: Path, docker_engine: Engine
) -> None:
    door.close()
    with pytest.raises(HostUnavailableError):
        host.ping()

    again = FaultyDoor(tmp_path / "s", docker_engine.url)
    try:
        assert host.ping()
    finally:
        again.close()


def test_a_frozen_engine_does_not_answer(host: DockerHost, door: FaultyDoor) -> None:
    door.freeze()

    for look in (host.ping, host.instances, lambda: host.inspect("any")):
        with pytest.raises(HostUnavailableError, match="did not answer"):
            look()


def test_an_act_without_an_answer_may_have_happened(
    host: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    name = container(SLEEP, start=False).name
    door.freeze(lambda line: "/start" in line or "/restart" in line)

    for act in (lambda: host.start(name), lambda: host.restart(name, grace=NOW)):
        with pytest.raises(OutcomeUnknownError, match="answer never came"):
            act()
    assert host.inspect(name).status is Status.CREATED


def test_an_act_is_given_the_grace_on_top_of_its_time(
    door: FaultyDoor, container: MakeContainer
) -> None:
    stubborn = container(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True); time.sleep(600)"
    ).name
    host = DockerHost(door.url, act_within=timedelta(seconds=2))
    wait_until(lambda: "up" in host.logs(stubborn, lines=1))

    host.restart(stubborn, grace=timedelta(seconds=3))

    assert host.inspect(stubborn).is_running
    host.close()


def test_an_act_whose_connection_breaks_may_have_happened(
    host: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    name = container(SLEEP, start=False).name
    door.freeze(lambda line: "/start" in line)
    cutter = threading.Timer(0.2, door.cut)
    cutter.start()

    with pytest.raises(OutcomeUnknownError):
        host.start(name)
    cutter.join()


def test_an_act_that_was_never_sent_did_not_happen(host: DockerHost, door: FaultyDoor) -> None:
    door.close()

    with pytest.raises(HostUnavailableError):
        host.start("any")


def test_a_failing_engine_is_away_for_looks_and_refuses_acts(
    host: DockerHost, door: FaultyDoor
) -> None:
    body = b'{"message":"database is on fire"}'
    head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    door.answer("/containers/", head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with pytest.raises(HostUnavailableError, match="on fire"):
        host.inspect("any")
    with pytest.raises(RefusedError, match="on fire"):
        host.start("any")


def test_a_proxy_that_forbids_says_what_to_allow(host: DockerHost, door: FaultyDoor) -> None:
    door.answer("/containers/json", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(SetupError, match="forbids") as error:
        host.instances()
    assert "proxy" in error.value.remedy


def test_a_replaced_engine_is_asked_anew_which_version_it_speaks(
    host: DockerHost, door: FaultyDoor
) -> None:
    body = b'{"message":"client version 1.41 is too old. Minimum supported API version is 1.44"}'
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    door.answer("/containers/json", head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    with pytest.raises(HostUnavailableError, match="replaced"):
        host.instances()
    asked = len([r for r in door.requests if r.startswith("GET /version")])

    host.ping()

    assert len([r for r in door.requests if r.startswith("GET /version")]) == asked + 1


def test_a_container_that_cannot_be_inspected_is_told_as_the_list_knows_it(
    host: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    hung, well = container(SLEEP), container(SLEEP)
    door.freeze(lambda line: f"/containers/{hung.id}/json" in line)

    seen = {i.name: i for i in host.instances()}

    assert seen[hung.name].status is Status.RUNNING
    assert seen[hung.name].address
    assert seen[hung.name].started_at is None
    assert seen[well.name].started_at is not None


def test_a_frozen_engine_ends_the_stream_with_an_error(host: DockerHost, door: FaultyDoor) -> None:
    with host.happenings(since=None) as stream:
        door.freeze()

        with pytest.raises(HostUnavailableError):
            next(stream)


def test_a_connection_that_died_without_a_word_loses_nothing(
    patient: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    one = container(SLEEP, start=False)

    with patient.happenings(since=None) as stream:
        door.mute()
        one.start()

        assert [next(stream).what] == [What.STARTED]


def test_a_quiet_stream_is_opened_anew_and_tells_nothing_twice(
    patient: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    one = container(SLEEP, start=False)

    def times_opened() -> int:
        return len([r for r in door.requests if "/events" in r])

    with patient.happenings(since=None) as stream:
        told = _in_a_thread(stream)
        wait_until(lambda: times_opened() >= 3)
        one.start()
        wait_until(lambda: (What.STARTED, one.name) in told)
        wait_until(lambda: times_opened() >= 6)
        one.kill()
        wait_until(lambda: (What.DIED, one.name) in told)
        wait_until(lambda: times_opened() >= 9)

    mine = [what for what, name in told if name == one.name]
    assert mine == [What.STARTED, What.SIGNALLED, What.DIED]


def test_a_stream_ends_when_the_engine_hangs_up(host: DockerHost, door: FaultyDoor) -> None:
    with host.happenings(since=None) as stream:
        threading.Timer(0.2, door.cut).start()

        with pytest.raises(StopIteration):
            next(stream)


def test_an_event_that_makes_no_sense_does_not_stop_the_stream(
    host: DockerHost, door: FaultyDoor, container: MakeContainer
) -> None:
    one = container(SLEEP, start=False)
    with host.happenings(since=None) as stream:
        told = _in_a_thread(stream)
        for words in (b"no json\n", b'{"Type":"container","Action":"die"}\n', b"[]\n", b"\n"):
            door.say(b"%x\r\n%b\r\n" % (len(words), words))
        one.start()
        wait_until(lambda: (What.STARTED, one.name) in told)


def test_closing_a_stream_of_a_frozen_engine_does_not_hang(
    host: DockerHost, door: FaultyDoor
) -> None:
    stream = host.happenings(since=None)
    door.freeze()

    stream.close()

    with pytest.raises(StopIteration):
        next(stream)


def test_the_engine_is_looked_for_where_the_docker_command_would(tmp_path: Path) -> None:
    assert find_engine({"DOCKER_HOST": "tcp://box:2375"}) == "tcp://box:2375"
    assert find_engine({"XDG_RUNTIME_DIR": str(tmp_path)}) == "unix:///var/run/docker.sock"


def _in_a_thread(stream: HappeningStream) -> list[tuple[What, str]]:
    told: list[tuple[What, str]] = []

    def take_down() -> None:
        told.extend((happening.what, happening.name) for happening in stream)

    threading.Thread(target=take_down, daemon=True).start()
    return told
