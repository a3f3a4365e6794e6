"""The flow that replays history leaves a report, and acts on nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prefect.client.schemas.objects import State

from flows.backtest import backtest
from healing.names import ServiceName
from healing.wiring import Services
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore")


def run(**parameters: object) -> State[object]:
    return asyncio.run(backtest(**parameters, return_state=True))


def report_of(prefect: PrefectServer, state: State[object]) -> str:
    (report,) = prefect.reports_of(prefect.run(str(state.state_details.flow_run_id)))
    return report


@pytest.mark.usefixtures("fleet")
def test_the_history_that_is_kept_is_replayed_and_reported(prefect: PrefectServer) -> None:
    state = run()

    assert state.message.startswith("6 replayed over 6 days in all: ")
    report = report_of(prefect, state)
    assert "| all 6 |" in report
    assert "| s3 |" in report


def test_a_higher_sensitivity_can_be_tried(fleet: Services, prefect: PrefectServer) -> None:
    store, name = fleet.watching.observer.histories, ServiceName("s0")
    history = store.load(name)
    assert history is not None
    values = history.values.copy()
    for number, first in enumerate(range(320, 560, 40)):
        values[first : first + 8] += 1.5 * (1 + number)
    store.save(name, replace(history, values=values))

    rare, often = run(service="s0", sensitivity=0.0), run(service="s0", sensitivity=1.0)

    def alarms(state: State[object]) -> int:
        return int(state.message.partition("all: ")[2].partition(" ")[0])

    assert alarms(rare) < alarms(often)
    assert "| all " not in report_of(prefect, rare)


@pytest.mark.usefixtures("fleet")
def test_recordings_are_replayed_in_place_of_history(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    values = np.random.default_rng(1).normal(9, 1, (600, 2))
    folder = tmp_path / "recordings"
    folder.mkdir()
    np.savez(folder / "a.npz", train=values[:300], test=values[300:], step=300)
    np.savez(folder / "b.npz", train=values[:3], test=values[3:9], step=300)

    state = run(recordings=str(folder))

    assert state.message.endswith("; 1 had too little history")
    assert "- b.npz: not scored" in report_of(prefect, state)


def test_nothing_to_replay_is_said(fleet: Services) -> None:
    for path in (fleet.settings.storage.state_dir / "history").iterdir():
        path.unlink()

    assert run().name == "NothingToDo"
