"""What every host tells of what happens, and in which order, checked for every host."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from healing.errors import InstanceGoneError
from healing.instances import Status, What
from tests.adapters.hosts.rigs import SOON, STUBBORN, Rig, Watch
from tests.real import wait_until

pytestmark = pytest.mark.real("docker")


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


def test_what_was_removed_is_gone_and_said_so(rig: Rig, up: Callable[..., str]) -> None:
    name = up()

    with Watch(rig.host) as watch:
        rig.remove(name)
        watch.wait_for(name, What.REMOVED)

    assert watch.of(name)[-2:] == [(What.DIED, 137), (What.REMOVED, None)]
    assert name not in {i.name for i in rig.host.instances()}
    with pytest.raises(InstanceGoneError):
        rig.host.inspect(name)


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
