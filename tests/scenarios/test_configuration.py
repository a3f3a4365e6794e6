"""The file is changed while the agent runs."""

import contextlib
import os
import signal

import yaml

from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent


def hang_up(healer: Agent) -> None:
    os.kill(healer.child.pid or 0, signal.SIGHUP)


def status_of_a_stranger(healer: Agent) -> int | None:
    with contextlib.suppress(OSError):
        return healer.ask("GET", "/incidents")[0]
    return None


def test_a_wrong_file_changes_nothing_and_a_good_one_takes_effect(agent: MakeAgent) -> None:
    healer = agent({}, wait_for_prefect=False)
    file = healer.state / "config.yaml"
    before = yaml.safe_load(file.read_text())
    assert status_of_a_stranger(healer) == 200

    file.write_text("nonsense: 1")
    hang_up(healer)
    wait_until(lambda: "going on with the configuration as it was" in healer.child.last_lines(50))
    assert f"{file}:1: nonsense" in healer.child.last_lines(50)
    assert status_of_a_stranger(healer) == 200

    token = {"name": "ops", "token": "secret-enough-to-be-one", "role": "operator"}
    file.write_text(yaml.safe_dump({**before, "api": {"tokens": [token]}}))
    hang_up(healer)
    wait_until(lambda: status_of_a_stranger(healer) == 401, within=60)
    assert healer.child.is_running
