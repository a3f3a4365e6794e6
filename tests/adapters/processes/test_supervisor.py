"""The supervisor outlives the agent, and nothing outlives the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healing.adapters.processes import ProcessHost, Program
from healing.adapters.processes.journal import KEPT, LONGEST_LINE, Journal
from healing.adapters.processes.kernel import MARK, sweep
from healing.adapters.processes.supervisor import ALREADY_RUNNING
from healing.errors import HostUnavailableError, OutcomeUnknownError
from healing.instances import Status, What
from healing.names import InstanceName
from healing.services import Exec
from tests.real import wait_until

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHORT = timedelta(seconds=0.5)
SHOP = InstanceName("shop")
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
FAMILY = """
import subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(600)"]
print(subprocess.Popen(child, start_new_session=True).pid, flush=True)
time.sleep(600)
"""


def program(source: str = SLEEP, name: InstanceName = SHOP, **env: str) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", source), env=env)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ProcessHost]:
    host = ProcessHost(tmp_path / "home", answer_within=SHORT, act_within=SHORT, silence=SHORT)
    yield host
    host.down()


def supervisor_of(host: ProcessHost) -> int:
    return int(host.ping().rpartition(" ")[2])


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_a_supervisor_the_host_is_away(tmp_path: Path) -> None:
    with pytest.raises(HostUnavailableError, match="no supervisor"):
        ProcessHost(tmp_path).instances()


def test_another_agent_finds_the_same_programs_running(host: ProcessHost) -> None:
    host.up([program()])
    before = host.inspect(SHOP)

    again = ProcessHost(host.home)
    again.up([program()])

    assert again.inspect(SHOP) == before


def test_a_program_that_was_declared_anew_is_another_one(host: ProcessHost) -> None:
    host.up([program()])
    before = host.inspect(SHOP)

    host.up([program(COLOUR="red")])

    assert host.inspect(SHOP).id != before.id
    assert not lives(before.pid)


def test_a_program_sees_its_own_environment_only(
    host: ProcessHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_AGENT", "1")
    host.up([program("import os; print(*sorted(os.environ))", COLOUR="red")])
    wait_until(lambda: host.inspect(SHOP).is_down)

    assert set(host.logs(SHOP, lines=1).split()) >= {"COLOUR", "PATH"}
    assert "OF_THE_AGENT" not in host.logs(SHOP, lines=1)


def test_no_program_outlives_its_supervisor(host: ProcessHost) -> None:
    host.up([program()])
    wait_until(lambda: "up" in host.logs(SHOP, lines=1))
    pid = host.inspect(SHOP).pid

    os.kill(supervisor_of(host), signal.SIGKILL)

    wait_until(lambda: not lives(pid))
    with pytest.raises(HostUnavailableError):
        host.inspect(SHOP)


def test_what_a_dead_supervisor_left_behind_is_ended_by_the_next(host: ProcessHost) -> None:
    host.up([program(FAMILY)])
    wait_until(lambda: host.logs(SHOP, lines=1).strip())
    grandchild = int(host.logs(SHOP, lines=1))
    os.kill(supervisor_of(host), signal.SIGKILL)
    wait_until(lambda: not _answers(host))
    assert lives(grandchild)

    host.up([program()])

    assert not lives(grandchild)
    assert host.inspect(SHOP).is_running


def test_what_a_dead_program_left_behind_is_ended_with_it(host: ProcessHost) -> None:
    host.up([program(FAMILY)])
    wait_until(lambda: host.logs(SHOP, lines=1).strip())
    grandchild = int(host.logs(SHOP, lines=1))

    host.kill(SHOP, signal.SIGKILL)

    wait_until(lambda: host.inspect(SHOP).is_down)
    assert not lives(grandchild)


def test_only_what_carries_the_mark_is_ever_ended() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen(sleep) as stranger,
        subprocess.Popen(sleep, env={MARK: "/other/home:shop:1"}) as of_another,
        subprocess.Popen(sleep, env={MARK: "/this/home:shop:1"}) as ours,
    ):
        wait_until(lambda: b"/this/home" in Path(f"/proc/{ours.pid}/environ").read_bytes())

        assert sweep("/this/home:shop:") == 1

        assert ours.wait(5) == -signal.SIGKILL
        assert stranger.poll() is None
        assert of_another.poll() is None
        stranger.kill()
        of_another.kill()


def test_a_second_supervisor_in_the_same_folder_gives_up(host: ProcessHost) -> None:
    host.up([])
    code = (
        "import os, sys; from pathlib import Path; os.fork = lambda: 0; os.setsid = lambda: 0;"
        "from healing.adapters.processes.supervisor import main;"
        "sys.exit(main(Path(sys.argv[1])))"
    )

    second = subprocess.run([sys.executable, "-c", code, str(host.home)], timeout=20, check=False)

    assert second.returncode == ALREADY_RUNNING
    assert host.ping()


def test_a_frozen_supervisor_is_noticed_and_its_acts_are_unknown(host: ProcessHost) -> None:
    host.up([program()])
    stream = ProcessHost(host.home, silence=timedelta(seconds=3)).happenings(since=None)
    pid = supervisor_of(host)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(HostUnavailableError, match="did not answer"):
            host.inspect(SHOP)
        with pytest.raises(OutcomeUnknownError):
            host.restart(SHOP, grace=timedelta(0))
        with pytest.raises(HostUnavailableError, match="silent"):
            next(stream)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_stream_outlives_its_silence_as_long_as_the_supervisor_lives(host: ProcessHost) -> None:
    host.up([program()])
    patient = ProcessHost(host.home, silence=timedelta(seconds=3))

    with patient.happenings(since=None) as stream:
        subprocess.run(["sleep", "3.5"], check=True)  # longer than the silence that it allows
        host.kill(SHOP, signal.SIGKILL)
        assert next(stream).what is What.SIGNALLED


def test_the_stream_ends_with_the_supervisor(host: ProcessHost) -> None:
    host.up([])
    with host.happenings(since=None) as stream:
        os.kill(supervisor_of(host), signal.SIGKILL)

        with pytest.raises(StopIteration):
            next(stream)


def test_down_stops_every_program_and_the_supervisor(host: ProcessHost) -> None:
    host.up([program(), program(FAMILY, InstanceName("family"))])
    pids, supervisor = [i.pid for i in host.instances()], supervisor_of(host)

    host.down()

    assert not any(lives(pid) for pid in pids)
    wait_until(lambda: not lives(supervisor))


def test_a_folder_with_a_long_name_will_do(tmp_path: Path) -> None:
    host = ProcessHost(tmp_path / ("long" * 40))
    try:
        host.up([program()])
        assert host.inspect(SHOP).status is Status.RUNNING
    finally:
        host.down()


def test_a_command_that_ends_late_leaves_nothing_behind(host: ProcessHost) -> None:
    host.up([program()])
    hanging = Exec((sys.executable, "-c", FAMILY))

    with pytest.raises(OutcomeUnknownError):
        host.execute(SHOP, hanging, timeout=timedelta(seconds=1))

    marked = f"{MARK}={host.home}:shop:exec".encode()
    assert not [e for e in Path("/proc").glob("[0-9]*/environ") if marked in _read(e)]
    assert host.inspect(SHOP).is_running


def test_output_is_read_back_line_by_line_from_a_moment_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log")
    journal.take(b"one\ntw", NOON)
    journal.take(b"o\nthree", NOON + timedelta(seconds=1))

    assert journal.read(lines=9, since=None) == "one\ntwo\n"
    journal.end(NOON + timedelta(seconds=2))
    assert journal.read(lines=2, since=None) == "two\nthree\n"
    assert journal.read(lines=9, since=NOON + timedelta(seconds=2)) == "three\n"


def test_output_is_bounded_on_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log")
    for _ in range(10):
        journal.take(b"x" * 999 + b"\n", NOON)
        journal.take((b"y" * 1023 + b"\n") * 1024, NOON)

    assert sum(f.stat().st_size for f in tmp_path.iterdir()) < 2 * KEPT + 2 * 1024 * 1024
    assert journal.read(lines=1, since=None) == "y" * 1023 + "\n"


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log")

    journal.take(b"x" * (LONGEST_LINE + 1), NOON)

    assert len(journal.read(lines=1, since=None)) == LONGEST_LINE + 2


def _answers(host: ProcessHost) -> bool:
    try:
        return bool(host.ping())
    except HostUnavailableError:
        return False


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
