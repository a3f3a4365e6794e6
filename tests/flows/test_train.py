"""Learning runs shard by shard, here or on a Dask cluster, and says what it could not do."""

import asyncio

import pytest
from prefect.client.schemas.objects import State

from flows.train import train
from flows.watch import watch
from healing.wiring import Services
from tests.real import wait_until
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore")

NAMES = [f"s{n}" for n in range(6)]
TRAINING = {"flows": {"name": {"any_": ["train"]}}}


def models(services: Services) -> set[str]:
    folder = services.settings.storage.state_dir / "models"
    return {path.parent.parent.name for path in folder.rglob("manifest.json")}


def spoil(services: Services, name: str) -> None:
    """Put something in the way of the model of a service."""
    (services.settings.storage.state_dir / "models" / f"anomaly-{name}").write_text("")


def run(**parameters: object) -> State[object]:
    return asyncio.run(train(**parameters, return_state=True))


def test_each_shard_is_a_task_and_all_are_learnt(fleet: Services, prefect: PrefectServer) -> None:
    state = run()

    assert state.message == "learnt s0, s1, s2, s3, s4, s5"
    assert models(fleet) == {f"anomaly-{name}" for name in NAMES}
    this = prefect.run(str(state.state_details.flow_run_id))
    wanted = {"learn (1 of 3)", "learn (3 of 3)", "read what is new (2 of 3)"}
    wait_until(lambda: wanted <= set(prefect.tasks_of(this)), within=20)


def test_what_cannot_be_learnt_is_named_and_the_rest_is_learnt(
    fleet: Services, prefect: PrefectServer
) -> None:
    spoil(fleet, "s1")

    state = run(which="all")

    assert (state.type, state.name) == ("COMPLETED", "Partly")
    assert state.message == "learnt s0, s2, s3, s4, s5; failed: s1"
    wanted = {"artifacts": {"key": {"any_": ["report-training"]}}}
    told = prefect.ask("POST", "/artifacts/filter", {**wanted, "sort": "CREATED_DESC"})[0]
    assert told["description"] == state.message
    assert "| s1 | failed | - | - | - |" in told["data"]
    assert "| s0 | learnt |" in told["data"]


def test_a_run_that_could_do_nothing_has_failed(fleet: Services) -> None:
    for name in NAMES:
        spoil(fleet, name)

    assert run().type == "FAILED"


@pytest.mark.usefixtures("fleet")
def test_what_is_not_due_is_left_alone() -> None:
    run()

    state = run()

    assert "not due" in state.message
    assert run(service="s3").message in {"learnt s3", "learnt nothing; kept the model in use of s3"}


@pytest.mark.slow
def test_shards_are_learnt_by_the_processes_of_a_dask_cluster(
    fleet: Services, prefect: PrefectServer
) -> None:
    spoil(fleet, "s4")

    state = run(dask="local", seed=3)

    assert state.name == "Partly"
    assert state.message == "learnt s0, s1, s2, s3, s5; failed: s4"
    assert models(fleet) == {f"anomaly-s{n}" for n in (0, 1, 2, 3, 5)}
    children = [one for one in prefect.runs() if one["name"] == "learn shards side by side"]
    wanted = [f"learn ({n} of 3)" for n in (1, 2, 3)]
    wait_until(lambda: sorted(prefect.tasks_of(children[-1])) == wanted, within=20)


def test_a_shard_that_is_lost_is_named_and_the_others_are_looked_at(
    fleet: Services,
) -> None:
    run()
    newer = fleet.settings.storage.state_dir / "history" / "s2.new"
    newer.unlink()
    newer.mkdir()

    state = asyncio.run(watch(return_state=True))

    assert state.type == "COMPLETED"
    assert state.message.startswith("6 services, 0 findings, 0 new incidents")
    assert "could not be looked at" in state.message
    assert "s2" in state.message.rpartition(":")[2]


def test_a_run_that_is_cancelled_says_so(fleet: Services, prefect: PrefectServer) -> None:
    def is_learning() -> bool:
        # Before its first task, Prefect itself may still be at work on the run.
        running = (r for r in prefect.runs(**TRAINING) if r["state"]["type"] == "RUNNING")
        return any(prefect.tasks_of(run) for run in running)

    async def story() -> State[object]:
        this = asyncio.create_task(train(which="all", return_state=True))
        await asyncio.to_thread(wait_until, is_learning, within=30)
        this.cancel()
        return await this

    assert asyncio.run(story()).type == "CANCELLED"
    assert models(fleet) != {f"anomaly-{name}" for name in NAMES}
