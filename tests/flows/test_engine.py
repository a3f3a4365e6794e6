"""What we rely on of the two functions of Prefect that are not public."""

import asyncio
import inspect
import threading
from collections.abc import Iterator

import pytest
from prefect import flow, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Scheduled
from prefect.utilities.engine import propose_state

from flows.engine import carry_out, claim
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

seen: list[str] = []
threads: set[str] = set()


@flow(name="engine-contract", persist_result=False)
async def add(a: int, b: int = 2) -> object:
    seen.append(f"{a}+{b}")
    threads.update(thread.name for thread in threading.enumerate())
    return Completed(name="Added", message=str(a + b))


@pytest.fixture(autouse=True)
def server(prefect: PrefectServer) -> Iterator[None]:
    seen.clear()
    threads.clear()
    with temporary_settings({PREFECT_API_URL: prefect.url}):
        yield


async def new_run(**parameters: object) -> FlowRun:
    async with get_client() as client:
        return await client.create_flow_run(add, parameters=parameters, state=Scheduled())


def test_a_claimed_run_is_carried_out_here_with_its_parameters_and_its_last_state() -> None:
    async def story() -> object:
        run = await new_run(a=1)
        async with get_client() as client:
            claimed = await claim(client, run)
            assert claimed is not None
            state = await carry_out(add, claimed)
            assert (await client.read_flow_run(run.id)).state.name == "Added"
            return state

    state = asyncio.run(story())
    assert (state.name, state.message) == ("Added", "3")
    assert seen == ["1+2"]


def test_a_run_of_a_deployment_does_not_wait_for_the_server_in_a_thread() -> None:
    async def story() -> None:
        async with get_client() as client:
            flow_id = await client.create_flow(add)
            deployment = await client.create_deployment(flow_id, name="engine-contract")
            run = await client.create_flow_run_from_deployment(deployment, parameters={"a": 1})
            claimed = await claim(client, run)
            assert claimed is not None
            await carry_out(add, claimed)

    asyncio.run(story())
    assert seen == ["1+2"]
    assert not [name for name in threads if "observer" in name]


def test_of_two_claimers_one_wins() -> None:
    async def story() -> list[FlowRun | None]:
        run = await new_run(a=1)
        async with get_client() as one, get_client() as other:
            return await asyncio.gather(claim(one, run), claim(other, run.model_copy()))

    claims = asyncio.run(story())
    assert sorted(claim is None for claim in claims) == [False, True]


def test_an_unknown_parameter_raises_before_the_flow_begins() -> None:
    async def story() -> None:
        run = await new_run(a=1, c=3)
        async with get_client() as client:
            claimed = await claim(client, run)
            assert claimed is not None
            with pytest.raises(Exception, match="c"):
                await carry_out(add, claimed)

    asyncio.run(story())
    assert not seen


def test_the_functions_still_take_what_we_give_them() -> None:
    assert {"flow", "flow_run", "return_type"} <= set(inspect.signature(run_flow).parameters)
    assert {"client", "state", "flow_run_id"} <= set(inspect.signature(propose_state).parameters)
