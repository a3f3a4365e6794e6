"""What a service needs is down: only the root is acted upon."""

from tests.real.agent import MakeAgent
from tests.real.docker import MakeContainer
from tests.scenarios.world import (
    WEB_SERVER,
    front_of,
    is_ended,
    is_waiting,
    service,
    starts_of,
)


def test_only_the_root_is_restarted(agent: MakeAgent, container: MakeContainer) -> None:
    cache = container(WEB_SERVER, ports=[8080])
    api = container(front_of(cache))
    healer = agent({"cache": service(cache), "api": service(api, depends_on=["cache"])})
    healer.wait_until_well("api")

    healer.ask("POST", "/pause", {"reason": "let both fail first"})
    cache.kill()
    held = healer.wait_for(is_waiting, service="api", within=30)
    assert held["cause"] == "upstream_down"
    healer.ask("POST", "/resume")

    assert healer.wait_for(is_ended, service="cache", within=40)["ending"] == "healed"
    assert healer.wait_for(is_ended, service="api", within=60)["ending"] == "recovered"
    assert (starts_of(cache), starts_of(api)) == (2, 1)
