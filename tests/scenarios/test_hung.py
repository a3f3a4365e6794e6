"""A container hangs: it runs, its port is open, and nothing answers. It has no HEALTHCHECK."""

import urllib.request

from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.scenarios.world import (
    WEB_SERVER,
    address_of,
    events_of,
    is_ended,
    is_waiting,
    labelled,
    starts_of,
)

FICKLE_SERVER = WEB_SERVER.replace(
    "self.send_response(200)",
    """
        global answers
        answers = 0 if self.path == "/break" else answers + 1
        self.send_response(200 if answers < 1 or answers == 3 else 500)""",
).replace("class Handler", "answers = -1000000\nclass Handler")
"""Fails after `/break`, but for its third answer: that is given to who looks what is wrong."""


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


def test_many_that_hang_at_once_are_not_restarted(healer: Agent, container: MakeContainer) -> None:
    webs = [container(WEB_SERVER, labels=labelled()) for _ in range(4)]
    for web in webs:
        healer.wait_until_well(web.name)

    healer.ask("POST", "/pause", {"reason": "let all of them fail first"})
    for web in webs:
        web.kill("STOP")
    for web in webs:
        healer.wait_for(is_waiting, service=web.name)
    healer.ask("POST", "/resume")
    for web in webs:
        healer.wait_for(lambda i: "no fault of one container" in i["headline"], service=web.name)
    for web in webs:
        web.kill("CONT")

    ends = [healer.wait_for(is_ended, service=web.name)["ending"] for web in webs]
    assert ends == ["recovered"] * len(webs)
    assert [starts_of(web) for web in webs] == [1] * len(webs)


def test_one_good_answer_in_between_does_not_end_our_attention(
    healer: Agent, container: MakeContainer
) -> None:
    web = container(FICKLE_SERVER, labels=labelled(**{"probe.interval": "4s"}))
    healer.wait_until_well(web.name)

    urllib.request.urlopen(f"http://{address_of(web)}:8080/break", timeout=2).close()
    healer.wait_for(lambda i: i["ending"] == "recovered", service=web.name)

    assert healer.wait_for(lambda i: i["ending"] == "healed", service=web.name, within=60)
