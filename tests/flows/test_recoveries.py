"""What the rounds of the agent take up, on a real program and without a Prefect."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from flows.fastlane import FastLane
from flows.recoveries import Recoveries
from healing.adapters.processes import ProcessHost, Program
from healing.incidents import Incident, Remedy, Stage
from healing.names import Actor, InstanceName, ServiceName
from healing.policy import Because
from healing.recovery.dispatch import Request
from healing.settings import load
from healing.wiring import Services, assemble, using
from tests.real import wait_until

LIMITS = {"settle": "0s", "stable_for": "60s", "verify_within": "5m", "cool_down": "0s"}


async def nothing() -> None:
    """Deploy nothing."""


class Rounds:
    """The recoveries of an agent whose Prefect is away, and a container that declares itself."""

    def __init__(self, folder: Path) -> None:
        config = {
            "safety": {"limits": LIMITS},
            "storage": {"state_dir": str(folder / "state")},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        self.host = ProcessHost(folder / "processes")
        sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
        labels = {"healing.enable": "true", "healing.service": "web"}
        self.host.up([Program(name=InstanceName("web-1"), argv=sleeper, labels=labels)])
        self.host.start("web-1")
        lane = FastLane(
            (), pool="fastlane", name="test", version="", deploy=nothing, on_pause=lambda _: None
        )
        self.recoveries = Recoveries(lane)
        settings = load(folder / "config.yaml", {})
        self.services: Services = assemble(settings, self.host, self.recoveries)
        self.services.roll.call(self.host.instances())

    def end(self, when: Callable[[Incident], bool]) -> Incident:
        """Ask for a restart, and take the container away as soon as the incident is so."""

        async def story() -> None:
            rounds = asyncio.create_task(self.recoveries.run())
            await asyncio.to_thread(wait_until, lambda: when(self.incident), within=30)
            await asyncio.to_thread(self.take_away)
            await asyncio.to_thread(wait_until, lambda: not self.incident.is_open, within=30)
            rounds.cancel()

        request = Request(
            service=ServiceName("web"), by=Actor("ada"), reason="odd", remedy=Remedy.RESTART
        )
        self.services.dispatch.request(request)
        with using(self.services):
            asyncio.run(story())
        return self.incident

    @property
    def incident(self) -> Incident:
        (one,) = self.services.journal.book.all()
        return one

    def take_away(self) -> None:
        self.host.stop("web-1")
        self.host.remove("web-1")
        self.services.roll.call(self.host.instances())


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Rounds]:
    rounds = Rounds(tmp_path)
    yield rounds
    rounds.services.readers.shutdown()
    rounds.host.down()


def test_a_service_that_goes_while_it_is_verified_ends_its_incident(rounds: Rounds) -> None:
    over = rounds.end(when=lambda it: it.stage is Stage.VERIFYING)

    assert over.closed is not None
    assert over.closed.because is Because.TARGET_GONE
    assert over.tellings == 1


def test_a_service_that_goes_while_its_incident_waits_ends_it(rounds: Rounds) -> None:
    rounds.services.switch.pool_paused = "the pool is paused"

    over = rounds.end(when=lambda it: it.stage is Stage.WAITING)

    assert over.closed is not None
    assert over.closed.because is Because.TARGET_GONE
