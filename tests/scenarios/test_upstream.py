"""What a service needs is down: only the root is acted upon."""

from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.scenarios.world import (
    WEB_SERVER,
    front_of,
    is_ended,
    is_waiting,
    labelled,
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
