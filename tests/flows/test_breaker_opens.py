"""A shared breaker opens; the agent's side heals the service and tries it out, without Prefect.

On a real Redis, with real programs under the supervisor of processes.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from flows.recover import heal
from healing.adapters.processes import ProcessHost, Program
from healing.incidents import Code, Ending, Incident, Remedy
from healing.listeners.breakers import BreakerListener
from healing.names import AGENT, IncidentId, InstanceName
from healing.settings import load
from healing.settings.recovery_actions import recovery_action
from healing.wiring import Services, assemble, using
from tasks.retrying import unrecorded
from tests.breakers.fleet_story import TERMS, Applications
from tests.real import free_port, wait_until
from tests.real.redis import Server
from tests.scenarios.world import WEB_SERVER

pytestmark = pytest.mark.real("redis")

QUICK = {"cool_down": "1s", "settle": "1s", "stable_for": "1s", "verify_within": "20s"}


class Launches(list[IncidentId]):
    def launch(self, incident: IncidentId) -> None:
        self.append(incident)

    def link(self, incident: IncidentId) -> str | None:
        return None


class Story:
    """One service, its callers' breaker, and an agent without a Prefect."""

    def __init__(self, folder: Path, server: Server, action: str) -> None:
        port = free_port()
        program = folder / "api.py"
        program.write_text(WEB_SERVER.replace("8080", str(port)))
        config = {
            "safety": {"limits": QUICK},
            "services": {
                "api": {"target": {"container": "api-1"}, "probes": f"http://:{port}/health"}
            },
            "circuit_breakers": {"services": {"api": {"recovery_action": action}}},
            "storage": {"state_dir": str(folder / "state"), "redis_url": server.url},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        settings = load(folder / "config.yaml", {})
        self.host = ProcessHost(folder / "processes")
        self.host.up(
            [
                Program(
                    name=InstanceName("api-1"),
                    argv=(sys.executable, str(program)),
                    stop_grace=timedelta(seconds=1),
                )
            ]
        )
        self.host.start("api-1")
        self.apps = Applications(server.port)
        self.launches = Launches()
        self.services: Services = assemble(settings, self.host, self.launches)
        self.services.roll.call(self.host.instances())
        self.listener = BreakerListener(
            self.services.breakers,
            lambda name: recovery_action(settings, name),
            self.services.dispatch.notice,
        )

    def wait_until_up(self) -> None:
        (service,) = self.services.roll.now.stack.services.values()
        probe = service.probes[0]
        wait_until(lambda: self.services.prober.ask(probe, self.host.inspect("api-1")).ok)

    def recover(self) -> Incident:
        """Heal the one incident there is, while the listener looks as it does in the agent."""
        (incident,) = self.launches
        self.listener.start()
        try:
            with using(self.services):
                return asyncio.run(heal(incident, unrecorded, AGENT))
        finally:
            self.listener.stop()


@pytest.fixture
def story(tmp_path: Path, own_server: Server, request: pytest.FixtureRequest) -> Iterator[Story]:
    story = Story(tmp_path, own_server, request.param)
    yield story
    story.services.readers.shutdown()
    story.host.down()


@pytest.mark.parametrize("story", ["restart_service"], indirect=True)
def test_the_service_is_restarted_and_health_checks_close_its_breaker_before_it_is_over(
    story: Story,
) -> None:
    terms = replace(TERMS, open_for=600_000)
    story.wait_until_up()
    before = story.host.inspect("api-1").started_at
    # What opens while it settles after its start would not be held against it.
    wait_until(lambda: story.services.clock() - before > timedelta(seconds=1.2))
    story.apps.use("api", ok=1, terms=terms)
    story.listener.look()
    story.apps.open("api", terms)
    story.listener.look()

    over = story.recover()

    assert over.closed is not None
    assert over.closed.ending is Ending.HEALED
    assert over.cause is not None
    assert over.cause.code is Code.CALLS_FAIL
    assert [act.intended.remedy for act in over.acts] == [Remedy.RESTART]
    assert story.host.inspect("api-1").started_at != before
    now = story.apps.store.read("api", None)
    assert (now.state, now.because) == ("closed", "trials_succeeded"), "and no user has asked"
    assert "tried out by health checks: 2 good, 0 bad; it is closed now" in over.acts[0].proof
    exhibits = {exhibit.name: exhibit.value for exhibit in over.exhibits}
    assert exhibits["its callers' breaker"] == "fail rate: 21 of 24 calls failed"


@pytest.mark.parametrize("story", ["clear_cache"], indirect=True)
def test_an_action_that_a_recovery_cannot_do_leaves_a_container_that_looks_well_alone(
    story: Story,
) -> None:
    story.wait_until_up()
    before = story.host.inspect("api-1").started_at
    wait_until(lambda: story.services.clock() - before > timedelta(seconds=1.2))
    story.apps.use("api", ok=1)
    story.listener.look()
    story.apps.open("api")
    story.listener.look()

    over = story.recover()

    assert over.closed is not None
    assert over.closed.ending is Ending.NOTHING_TO_DO
    assert "its recovery_action is clear_cache" in over.closed.detail
    assert story.host.inspect("api-1").started_at == before
