"""The fast lane on a real server, and what people do there to what is ours."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest
from prefect import flow, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
from prefect.states import Completed

from flows.cancelling import cancellable
from flows.fastlane import POOL_EVERY, FastLane, Lane
from tests.real import ROOT, wait_until
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore")


@flow(name="light", persist_result=False)
async def light() -> object:
    return Completed(name="Done")


@flow(name="heavy", persist_result=False)
async def heavy() -> object:
    return Completed(name="Done")


@flow(name="below", persist_result=False)
async def below() -> object:
    await asyncio.Event().wait()
    return Completed()


@flow(name="above", persist_result=False)
async def above() -> object:
    return await below()


@flow(name="endless", persist_result=False)
@cancellable
async def endless() -> State:
    await asyncio.Event().wait()
    return Completed()


LANES = (
    Lane(deployment="light/test", flow=light, pool="light"),
    Lane(deployment="heavy/test", flow=heavy, pool="heavy"),
    Lane(deployment="endless/test", flow=endless, pool="heavy"),
    Lane(deployment="above/test", flow=above, pool="heavy"),
)


async def deploy() -> None:
    async with get_client() as client:
        for lane in LANES:
            with contextlib.suppress(ObjectAlreadyExists):
                await client.create_work_pool(WorkPoolCreate(name=lane.pool, type="process"))
            await client.create_deployment(
                await client.create_flow(lane.flow),
                name="test",
                version="1",
                work_pool_name=lane.pool,
            )


def new_lane(pauses: list[str]) -> FastLane:
    return FastLane(
        LANES, pool="light", name="test", version="1", deploy=deploy, on_pause=pauses.append
    )


class Story:
    """A fast lane that serves while somebody does something to the server."""

    def __init__(self, prefect: PrefectServer) -> None:
        self.prefect = prefect
        self.pauses: list[str] = []
        self.lane = new_lane(self.pauses)

    def happens(self, told: Callable[[], None]) -> None:
        async def serve(meanwhile: Awaitable[None]) -> None:
            lane = asyncio.create_task(self.lane.run())
            try:
                await meanwhile
            finally:
                lane.cancel()
                await asyncio.gather(lane, return_exceptions=True)

        def story() -> None:
            self.wait_until_connected()
            told()

        asyncio.run(serve(asyncio.to_thread(story)))

    def wait_until_connected(self) -> None:
        wait_until(lambda: self.lane.connected, within=30)

    def wait_until_done(self, run: str, name: str = "Done") -> None:
        wait_until(lambda: self.prefect.run(run)["state"]["name"] == name, within=30)

    def pause(self, pool: str, *, paused: bool = True) -> None:
        self.prefect.ask("PATCH", f"/work_pools/{pool}", {"is_paused": paused})


@pytest.fixture
def story(prefect: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr("flows.fastlane.WORKERS_EVERY", POOL_EVERY)
    settings = {PREFECT_API_URL: prefect.url, PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(settings):
        asyncio.run(deploy())
        story = Story(prefect)
        yield story
        for lane in LANES:
            story.pause(lane.pool, paused=False)


def test_a_run_of_a_paused_pool_waits_and_those_of_others_do_not(story: Story) -> None:
    story.pause("heavy")

    def told() -> None:
        waits = story.prefect.start_run("heavy/test")
        story.wait_until_done(story.prefect.start_run("light/test"))
        assert story.prefect.run(waits)["state"]["type"] == "SCHEDULED"
        story.pause("heavy", paused=False)
        story.wait_until_done(waits)

    story.happens(told)
    assert not any(story.pauses)


def test_the_pause_of_the_first_pool_stops_all_lanes(story: Story) -> None:
    story.pause("light")

    def told() -> None:
        waits = story.prefect.start_run("heavy/test")
        wait_until(lambda: any(story.pauses), within=30)
        assert story.prefect.run(waits)["state"]["type"] == "SCHEDULED"
        story.pause("light", paused=False)
        story.wait_until_done(waits)

    story.happens(told)


@pytest.mark.parametrize("what", ["deployment", "work pool"])
def test_what_somebody_deletes_is_put_there_again(what: str, story: Story) -> None:
    def told() -> None:
        was = story.prefect.deployment("heavy/test")["id"]
        path = f"/deployments/{was}" if what == "deployment" else "/work_pools/heavy"
        story.prefect.ask("DELETE", path)
        wait_until(lambda: not story.lane.connected, within=30)
        story.wait_until_connected()
        assert story.prefect.deployment("heavy/test")["work_pool_name"] == "heavy"
        story.wait_until_done(story.prefect.start_run("heavy/test"))

    story.happens(told)


def test_a_run_that_is_cancelled_ends_cancelled(story: Story) -> None:
    def told() -> None:
        run = story.prefect.start_run("endless/test")
        story.wait_until_done(run, "Running")
        story.prefect.set_state(run, "CANCELLING")
        story.wait_until_done(run, "Cancelled")

    story.happens(told)


AGENT = """
import asyncio
from tests.flows.test_fastlane import new_lane
asyncio.run(new_lane([]).run())
"""


def test_what_a_killed_agent_left_running_is_called_crashed_with_all_below_it(story: Story) -> None:
    env = {**os.environ, "PREFECT_API_URL": story.prefect.url}
    agent = subprocess.Popen([sys.executable, "-c", AGENT], cwd=ROOT, env=env)
    left = [story.prefect.start_run("above/test")]

    def is_running_below() -> bool:
        filters = {"flow_runs": {"parent_flow_run_id": {"any_": left[:1]}}}
        left[1:] = [run["id"] for run in story.prefect.runs(**filters)]
        return [story.prefect.run(run)["state"]["type"] for run in left] == ["RUNNING"] * 2

    try:
        wait_until(is_running_below, within=60)
    finally:
        agent.kill()
        agent.wait()

    story.happens(lambda: None)

    assert [story.prefect.run(run)["state"]["type"] for run in left] == ["CRASHED"] * 2
