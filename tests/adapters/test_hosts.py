"""What every host of containers promises, checked for every host."""

import contextlib
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

import pytest

from healing.adapters.docker import DockerHost
from healing.adapters.processes import HealthCommand, ProcessHost, Program
from healing.errors import HealingError, InstanceGoneError, OutcomeUnknownError, RefusedError
from healing.instances import Happening, Health, Status, What
from healing.names import InstanceName
from healing.ports import Host
from healing.services import Exec
from tests.real import free_port, wait_until
from tests.real.docker import MakeContainer

pytestmark = pytest.mark.real("docker")

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


@pytest.fixture
def process_rig(tmp_path: Path) -> Iterator[ProcessRig]:
    host = ProcessHost(tmp_path / "supervised")
    host.up([])
    yield ProcessRig(host)
    host.down()


@pytest.fixture(params=["docker", "processes"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "processes":
        return request.getfixturevalue("process_rig")
    return DockerRig(request.getfixturevalue("docker_host"), request.getfixturevalue("container"))


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


@pytest.fixture
def up(rig: Rig) -> Callable[..., str]:
    """Make something that runs, and wait until its program says that it is up."""

    def make(program: str = SLEEPER, *arguments: str, healthy_if: str = "") -> str:
        name = rig.make(program, *arguments, healthy_if=healthy_if)
        wait_until(lambda: "up" in rig.host.logs(name, lines=10))
        return name

    return make


def test_says_who_it_is(rig: Rig) -> None:
    assert rig.host.ping()


def test_what_was_made_is_listed_before_it_was_ever_started(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)

    (seen,) = [i for i in rig.host.instances() if i.name == name]

    assert seen == rig.host.inspect(name)
    assert seen.status is Status.CREATED
    assert seen.is_down
    assert seen.exit_code is None
    assert seen.started_at is None
    assert seen.pid == 0


def test_a_started_one_runs_and_says_since_when(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)
    before = datetime.now(UTC)

    rig.host.start(name)

    seen = rig.host.inspect(name)
    assert seen.is_running
    assert seen.started_at is not None
    assert before - timedelta(milliseconds=100) <= seen.started_at <= datetime.now(UTC)
    assert seen.pid > 0
    assert seen.labels["shop"] == "yes"
    assert seen.stop_grace == timedelta(seconds=3)
    assert seen.address
    assert seen.restart_count == 0


def test_can_be_found_by_its_id_too(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)

    assert rig.host.inspect(rig.host.inspect(name).id).name == name


def test_starting_one_that_runs_leaves_it_alone(rig: Rig, up: Callable[..., str]) -> None:
    name = up()
    before = rig.host.inspect(name)

    rig.host.start(name)

    assert rig.host.inspect(name) == before


def test_the_exit_code_is_told_by_the_stream_and_afterwards(rig: Rig) -> None:
    name = rig.make("raise SystemExit(7)", start=False)

    with Watch(rig.host) as watch:
        rig.host.start(name)
        watch.wait_for(name, What.DIED)

    assert watch.of(name) == [(What.STARTED, None), (What.DIED, 7)]
    seen = rig.host.inspect(name)
    assert (seen.status, seen.exit_code) == (Status.EXITED, 7)
    assert seen.finished_at is not None
    assert seen.started_at is not None
    assert seen.finished_at >= seen.started_at


def test_a_stop_is_a_request_then_the_death_then_stopped(rig: Rig, up: Callable[..., str]) -> None:
    name = up()

    with Watch(rig.host) as watch:
        rig.stop(name)
        watch.wait_for(name, What.STOPPED)

    assert watch.of(name) == [
        (What.SIGNALLED, signal.SIGTERM),
        (What.DIED, 0),
        (What.STOPPED, None),
    ]


def test_a_kill_is_the_signal_then_the_death_and_never_stopped(
    rig: Rig, up: Callable[..., str]
) -> None:
    name = up()

    with Watch(rig.host) as watch:
        rig.kill(name, signal.SIGKILL)
        watch.wait_for(name, What.DIED)
        rig.host.start(name)
        watch.wait_for(name, What.STARTED)

    assert watch.of(name) == [
        (What.SIGNALLED, signal.SIGKILL),
        (What.DIED, 137),
        (What.STARTED, None),
    ]


def test_a_restart_asks_first_and_ends_with_the_start(rig: Rig, up: Callable[..., str]) -> None:
    name = up()
    before = rig.host.inspect(name)

    with Watch(rig.host) as watch:
        rig.host.restart(name, grace=SOON)
        watch.wait_for(name, What.STARTED)

    assert watch.of(name) == [
        (What.SIGNALLED, signal.SIGTERM),
        (What.DIED, 0),
        (What.STOPPED, None),
        (What.STARTED, None),
    ]
    after = rig.host.inspect(name)
    assert after.is_running
    assert after.id == before.id
    assert after.started_at is not None
    assert before.started_at is not None
    assert after.started_at > before.started_at


def test_what_does_not_stop_within_the_grace_is_killed(rig: Rig, up: Callable[..., str]) -> None:
    name = up(STUBBORN)

    with Watch(rig.host) as watch:
        rig.host.restart(name, grace=timedelta(seconds=1))
        watch.wait_for(name, What.STARTED)

    assert watch.of(name) == [
        (What.SIGNALLED, signal.SIGTERM),
        (What.SIGNALLED, signal.SIGKILL),
        (What.DIED, 137),
        (What.STOPPED, None),
        (What.STARTED, None),
    ]
    asked, killed = (h.at for h in watch.seen if h.what is What.SIGNALLED)
    assert killed - asked >= timedelta(milliseconds=990)


def test_restarting_what_has_ended_starts_it(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)

    rig.host.restart(name, grace=NOW)

    assert rig.host.inspect(name).is_running


def test_what_does_not_exist_is_gone(rig: Rig) -> None:
    for call in (
        lambda: rig.host.inspect("nobody"),
        lambda: rig.host.start("nobody"),
        lambda: rig.host.restart("nobody", grace=NOW),
        lambda: rig.host.logs("nobody", lines=1),
        lambda: rig.host.execute("nobody", Exec(("true",)), timeout=SOON),
    ):
        with pytest.raises(InstanceGoneError, match="nobody"):
            call()


def test_what_was_removed_is_gone_and_said_so(rig: Rig, up: Callable[..., str]) -> None:
    name = up()

    with Watch(rig.host) as watch:
        rig.remove(name)
        watch.wait_for(name, What.REMOVED)

    assert watch.of(name)[-2:] == [(What.DIED, 137), (What.REMOVED, None)]
    assert name not in {i.name for i in rig.host.instances()}
    with pytest.raises(InstanceGoneError):
        rig.host.inspect(name)


def test_what_cannot_start_is_refused_in_the_words_of_the_engine(rig: Rig) -> None:
    name = rig.make_one_that_cannot_start()

    with pytest.raises(RefusedError, match=r"(?i)no such file or directory"):
        rig.host.start(name)

    seen = rig.host.inspect(name)
    assert seen.is_down
    assert "no such file or directory" in seen.error.lower()


def test_a_stopped_main_process_still_counts_as_running_and_its_port_stays_open(
    rig: Rig, up: Callable[..., str]
) -> None:
    port = free_port()
    name = up(SERVER, str(port))

    rig.kill(name, signal.SIGSTOP)

    seen = rig.host.inspect(name)
    assert seen.is_running
    with socket.create_connection((seen.address, port), timeout=5):
        pass
    rig.host.restart(name, grace=NOW)
    assert rig.host.inspect(name).is_running


def test_the_past_is_told_first_from_the_moment_asked_for(rig: Rig, up: Callable[..., str]) -> None:
    name = up()
    rig.kill(name, signal.SIGKILL)
    wait_until(lambda: rig.host.inspect(name).is_down)
    since = rig.host.inspect(name).finished_at
    assert since is not None
    rig.host.start(name)
    started = rig.host.inspect(name).started_at
    assert started is not None

    with Watch(rig.host, since=started) as watch:
        watch.wait_for(name, What.STARTED)
    assert watch.of(name) == [(What.STARTED, None)]

    with Watch(rig.host, since=since - timedelta(seconds=1)) as watch:
        watch.wait_for(name, What.STARTED)
        wait_until(lambda: rig.host.logs(name, lines=10).count("up") == 2)
        rig.stop(name)
        watch.wait_for(name, What.STOPPED)
    told = watch.of(name)
    assert told[-5:] == [
        (What.DIED, 137),
        (What.STARTED, None),
        (What.SIGNALLED, signal.SIGTERM),
        (What.DIED, 0),
        (What.STOPPED, None),
    ]


def test_without_a_moment_only_the_future_is_told(rig: Rig, up: Callable[..., str]) -> None:
    name = up()

    with Watch(rig.host) as watch:
        rig.stop(name)
        watch.wait_for(name, What.STOPPED)

    assert What.STARTED not in {what for what, _ in watch.of(name)}


def test_happenings_carry_id_and_labels_and_come_in_order(rig: Rig, up: Callable[..., str]) -> None:
    with Watch(rig.host) as watch:
        name = up()
        rig.host.restart(name, grace=SOON)
        wait_until(lambda: [w for w, _ in watch.of(name)].count(What.STARTED) == 2)

    mine = [h for h in watch.seen if h.name == name]
    assert {h.id for h in mine} == {rig.host.inspect(name).id}
    assert all(h.labels["shop"] == "yes" for h in mine)
    assert mine[0].what is What.CREATED
    assert [h.at for h in mine] == sorted(h.at for h in mine)


def test_a_stream_can_be_closed_from_another_thread(rig: Rig) -> None:
    before = threading.active_count()
    with Watch(rig.host) as watch:
        watch.stream.close()
        assert watch.ended.get(timeout=5) is None

    assert threading.active_count() == before
    with pytest.raises(StopIteration):
        next(watch.stream)


def test_logs_of_both_streams_come_oldest_first_and_only_the_last(rig: Rig) -> None:
    name = rig.make(TALKER)
    wait_until(lambda: "three" in rig.host.logs(name, lines=10))

    assert sorted(rig.host.logs(name, lines=10).split()) == ["one", "three", "two"]
    assert len(rig.host.logs(name, lines=2).splitlines()) == 2
    assert rig.host.logs(name, lines=10, since=datetime.now(UTC) + timedelta(hours=1)) == ""


def test_the_last_words_before_a_death_are_there(rig: Rig) -> None:
    name = rig.make("import sys; print('no money'); sys.exit('out of luck')")
    wait_until(lambda: rig.host.inspect(name).is_down)

    wait_until(lambda: "out of luck" in rig.host.logs(name, lines=5))
    assert "no money" in rig.host.logs(name, lines=5)


def test_a_program_inside_answers_with_its_exit_code_and_output(
    rig: Rig, up: Callable[..., str]
) -> None:
    python = sys.executable if isinstance(rig, ProcessRig) else "python3"
    program = "import sys; print('in'); print('side', file=sys.stderr); sys.exit(3)"

    code, output = rig.host.execute(up(), Exec((python, "-c", program)), timeout=SOON)

    assert code == 3
    assert sorted(output.split()) == ["in", "side"]


def test_a_program_that_is_not_there_has_failed(rig: Rig, up: Callable[..., str]) -> None:
    code, output = rig.host.execute(up(), Exec(("/no/such/program",)), timeout=SOON)

    assert code in {126, 127}
    assert "no such file or directory" in output.lower()


def test_a_program_inside_that_hangs_is_ended(rig: Rig, up: Callable[..., str]) -> None:
    name = up()
    python = sys.executable if isinstance(rig, ProcessRig) else "python3"
    argv = (python, "-c", "import time; time.sleep(123456.5)")

    with pytest.raises(OutcomeUnknownError, match="did not end"):
        rig.host.execute(name, Exec(argv), timeout=timedelta(seconds=1))

    wait_until(lambda: not _runs("time.sleep(123456.5)"))


def test_a_program_inside_what_does_not_run_is_refused(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)

    with pytest.raises(RefusedError):
        rig.host.execute(name, Exec(("true",)), timeout=SOON)


def test_its_own_health_check_is_told(rig: Rig, up: Callable[..., str], tmp_path: Path) -> None:
    marker = str(tmp_path / "marker") if isinstance(rig, ProcessRig) else "/tmp/marker"  # noqa: S108
    name = up(healthy_if=f"import os, sys; print('asked'); sys.exit(os.path.exists({marker!r}))")

    with Watch(rig.host, since=rig.host.inspect(name).started_at) as watch:
        watch.wait_for(name, What.HEALTHY)
        assert rig.host.inspect(name).health is Health.HEALTHY
        python = sys.executable if isinstance(rig, ProcessRig) else "python3"
        rig.host.execute(name, Exec((python, "-c", f"open({marker!r}, 'w').close()")), timeout=SOON)
        watch.wait_for(name, What.UNHEALTHY)

    seen = rig.host.inspect(name)
    assert seen.health is Health.UNHEALTHY
    assert seen.health_log[-1].exit_code == 1
    assert "asked" in seen.health_log[-1].output
    assert [what for what, _ in watch.of(name)][-2:] == [What.HEALTHY, What.UNHEALTHY]


def test_twenty_are_restarted_at_once(rig: Rig) -> None:
    names = [rig.make(SLEEPER) for _ in range(20)]
    before = {n: rig.host.inspect(n).started_at for n in names}

    threads = [
        threading.Thread(target=rig.host.restart, args=(n,), kwargs={"grace": NOW}) for n in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    after = {n: rig.host.inspect(n) for n in names}
    assert all(i.is_running for i in after.values())
    assert all(after[n].started_at != before[n] for n in names)


def _runs(words: str) -> bool:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and words in (folder / "cmdline").read_text():
                return True
    return False
