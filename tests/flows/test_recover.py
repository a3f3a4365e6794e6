"""A recovery in Prefect, on real programs under the supervisor of processes."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from flows.recover import recover
from healing.adapters.processes import ProcessHost, Program
from healing.incidents import Incident, Remedy, Stage
from healing.instances import What
from healing.names import InstanceName
from healing.settings import load
from healing.wiring import Services, assemble, using
from tests.flows.conftest import Nobody
from tests.real import wait_until
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore")

LIMITS = {"settle": "0s", "stable_for": "3s", "verify_within": "30s", "cool_down": "0s"}


@pytest.fixture
def services(tmp_path: Path, prefect: PrefectServer) -> Iterator[Services]:
    """A service that is one program."""
    config = {
        "safety": {"limits": LIMITS},
        "services": {"web": {"target": {"container": "web-1"}}},
        "storage": {"state_dir": str(tmp_path / "state")},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    host = ProcessHost(tmp_path / "processes")
    sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
    host.up([Program(name=InstanceName("web-1"), argv=sleeper)])
    host.start("web-1")
    services = assemble(load(tmp_path / "config.yaml", {}), host, Nobody())
    services.roll.call(host.instances())
    settings = {PREFECT_API_URL: prefect.url, PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(settings), using(services):
        yield services
    services.readers.shutdown()
    host.down()


def starts_of(services: Services, name: str) -> int:
    happened = services.host.happened(since=services.clock() - timedelta(hours=1))
    return sum(one.name == name and one.what is What.STARTED for one in happened)


async def until(services: Services, claim: Callable[[Incident], object]) -> None:
    def is_so() -> bool:
        return any(claim(incident) for incident in services.journal.book.all())

    await asyncio.to_thread(wait_until, is_so, within=60)


def restart(service: str) -> asyncio.Task[State[object]]:
    return asyncio.create_task(
        recover(service=service, procedure=Remedy.RESTART, return_state=True)
    )


def test_whoever_cancels_a_run_that_waits_for_another_one_ends_both(services: Services) -> None:
    async def story() -> list[State[object]]:
        at_work = restart("web")
        await until(services, lambda it: it.stage is Stage.VERIFYING)
        waits = restart("web")
        await until(services, lambda it: len(it.findings) == 2)
        waits.cancel()
        async with asyncio.timeout(60):
            return await asyncio.gather(at_work, waits)

    states = asyncio.run(story())

    assert [state.type for state in states] == ["CANCELLED", "CANCELLED"]
    assert starts_of(services, "web-1") == 2
