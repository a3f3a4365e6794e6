"""A container hangs: it runs, its port is open, and nothing answers. It has no HEALTHCHECK."""

from tests.real.agent import MakeAgent
from tests.real.docker import MakeContainer
from tests.scenarios.world import WEB_SERVER, events_of, is_ended, service


def test_it_is_restarted_with_time_to_stop_by_itself(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    limits = {"stop_grace": "2s", "stable_for": "2s"}
    healer = agent({"web": service(web, limits=limits)})
    healer.wait_until_well("web")

    web.kill("STOP")
    story = healer.wait_for(is_ended, service="web", within=60)

    assert (story["ending"], story["cause"]) == ("healed", "hung")
    assert len(events_of(web, "restart")) == 1
    signals = [e["Actor"]["Attributes"]["signal"] for e in events_of(web, "kill")]
    assert signals == ["19", "15", "9"], "frozen by us, then asked to stop, then killed"
