"""What a service needs is down: only the root is acted upon."""

from tests.real import wait_until
from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.scenarios.world import (
    WEB_SERVER,
    front_of,
    is_ended,
    is_waiting,
    labelled,
    runs_for,
    starts_of,
)


def test_only_the_root_is_restarted(healer: Agent, container: MakeContainer) -> None:
    cache = container(WEB_SERVER, ports=[8080], labels=labelled())
    api = container(front_of(cache), labels=labelled(depends_on=cache.name))
    healer.wait_until_well(api.name)

    healer.ask("POST", "/pause", {"reason": "let both fail first"})
    cache.kill()
    held = healer.wait_for(is_waiting, service=api.name, within=30)
    assert held["cause"] == "upstream_down"
    healer.ask("POST", "/resume")

    assert healer.wait_for(is_ended, service=cache.name, within=40)["ending"] == "healed"
    assert healer.wait_for(is_ended, service=api.name, within=60)["ending"] == "recovered"
    assert (starts_of(cache), starts_of(api)) == (2, 1)


def test_what_needs_it_is_given_time_to_find_it_again(
    healer: Agent, container: MakeContainer
) -> None:
    cache = container(WEB_SERVER, ports=[8080], labels=labelled())
    front = front_of(cache, connects_again_after=8)
    api = container(front, labels=labelled(depends_on=cache.name, settle="12s"))
    healer.wait_until_well(api.name)
    wait_until(lambda: runs_for(api) > 12, within=20)

    cache.kill()
    held = healer.wait_for(is_waiting, service=api.name, within=30)

    assert held["cause"] == "upstream_down"
    assert healer.wait_for(is_ended, service=api.name, within=60)["ending"] == "recovered"
    assert (starts_of(cache), starts_of(api)) == (2, 1)


def test_a_job_that_has_ended_well_is_there_for_what_needs_it(
    healer: Agent, container: MakeContainer
) -> None:
    job = container("print('migrated')", labels={"healing.enable": "true"})
    healer.wait_for(is_ended, service=job.name)
    web = container(WEB_SERVER, labels=labelled(depends_on=job.name))
    healer.wait_until_well(web.name)

    web.kill()

    assert healer.wait_for(is_ended, service=web.name)["ending"] == "healed"
