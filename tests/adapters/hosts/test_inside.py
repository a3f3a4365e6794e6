"""What every host says from inside: logs, programs, health; checked for every host."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healing.errors import OutcomeUnknownError, RefusedError
from healing.instances import Health, What
from healing.services import Exec
from tests.adapters.hosts.rigs import SLEEPER, SOON, TALKER, Rig, Watch
from tests.real import wait_until

pytestmark = pytest.mark.real("docker")


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
    program = "import sys; print('in'); print('side', file=sys.stderr); sys.exit(3)"

    code, output = rig.host.execute(up(), Exec((rig.python, "-c", program)), timeout=SOON)

    assert code == 3
    assert sorted(output.split()) == ["in", "side"]


def test_a_program_that_is_not_there_has_failed(rig: Rig, up: Callable[..., str]) -> None:
    code, output = rig.host.execute(up(), Exec(("/no/such/program",)), timeout=SOON)

    assert code in {126, 127}
    assert "no such file or directory" in output.lower()


def test_a_program_inside_that_hangs_is_ended(rig: Rig, up: Callable[..., str]) -> None:
    name = up()
    argv = (rig.python, "-c", "import time; time.sleep(123456.5)")

    with pytest.raises(OutcomeUnknownError, match="did not end"):
        rig.host.execute(name, Exec(argv), timeout=timedelta(seconds=1))

    wait_until(lambda: not _runs("time.sleep(123456.5)"))


def test_a_program_inside_what_does_not_run_is_refused(rig: Rig) -> None:
    name = rig.make(SLEEPER, start=False)

    with pytest.raises(RefusedError):
        rig.host.execute(name, Exec(("true",)), timeout=SOON)


def test_its_own_health_check_is_told(rig: Rig, up: Callable[..., str]) -> None:
    marker = f"{rig.scratch}/marker"
    name = up(healthy_if=f"import os, sys; print('asked'); sys.exit(os.path.exists({marker!r}))")

    with Watch(rig.host, since=rig.host.inspect(name).started_at) as watch:
        watch.wait_for(name, What.HEALTHY)
        assert rig.host.inspect(name).health is Health.HEALTHY
        rig.host.execute(
            name, Exec((rig.python, "-c", f"open({marker!r}, 'w').close()")), timeout=SOON
        )
        watch.wait_for(name, What.UNHEALTHY)

    seen = rig.host.inspect(name)
    assert seen.health is Health.UNHEALTHY
    assert seen.health_log[-1].exit_code == 1
    assert "asked" in seen.health_log[-1].output
    assert [what for what, _ in watch.of(name)][-2:] == [What.HEALTHY, What.UNHEALTHY]


def _runs(words: str) -> bool:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and words in (folder / "cmdline").read_text():
                return True
    return False
