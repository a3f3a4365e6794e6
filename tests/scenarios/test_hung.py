"""A container hangs: it runs, its port is open, and nothing answers. It has no HEALTHCHECK."""

from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.scenarios.world import WEB_SERVER, events_of, is_ended, labelled


def test_it_is_restarted_with_time_to_stop_by_itself(
    healer: Agent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER, labels=labelled(stop_timeout="2s"))
    healer.wait_until_well(web.name)

    web.kill("STOP")
    story = healer.wait_for(is_ended, service=web.name, within=60)

    assert (story["ending"], story["cause"]) == ("healed", "hung")
    assert len(events_of(web, "restart")) == 1
    signals = [e["Actor"]["Attributes"]["signal"] for e in events_of(web, "kill")]
    assert signals == ["19", "15", "9"], "frozen by us, then asked to stop, then killed"
