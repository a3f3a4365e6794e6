"""What every host promises of what lives on it, checked for every host."""

import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from healing.errors import InstanceGoneError, RefusedError
from healing.instances import Status
from healing.services import Exec
from tests.adapters.hosts.rigs import NOW, SERVER, SLEEPER, SOON, Rig
from tests.real import free_port

pytestmark = pytest.mark.real("docker")


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
