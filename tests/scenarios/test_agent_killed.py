"""The agent is killed in the middle of a recovery; the next one finishes the story."""

from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import (
    WEB_SERVER,
    is_ended,
    is_waiting,
    labelled,
    service,
    starts_of,
)


def times_taken_up(healer: Agent) -> int:
    return healer.child.last_lines(1000).count("taken up by agent")


def test_killed_while_verifying_the_next_one_does_not_act_again(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web, limits={"stable_for": "6s"})})

    web.kill()
    story = healer.wait_for(lambda i: i["stage"] == "verifying", service="web")
    healer.kill()
    healer.start()
    healer.wait_for(lambda i: i["id"] == story["id"] and i["ending"] == "healed", service="web")

    assert starts_of(web) == 2
    wait_until(lambda: healer.incident(story["id"])["run_url"], within=30)
    wait_until(
        lambda: [r["state"]["name"] for r in prefect.runs_about(story["id"])] == ["Healed"],
        within=60,
    )


def test_killed_while_a_restart_is_under_way_the_next_one_waits_for_it(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    limits = {"stop_grace": "6s", "stable_for": "2s", "budget": "9/1h"}
    healer = agent({"web": service(web, limits=limits)})
    healer.wait_until_well("web")

    web.kill("STOP")
    story = healer.wait_for(lambda i: i["stage"] == "acting", service="web")
    healer.kill()
    healer.start()
    end = healer.wait_for(
        lambda i: i["id"] == story["id"] and is_ended(i), service="web", within=60
    )

    assert end["ending"] == "healed"
    assert starts_of(web) == 2, "one start of its own, one by the restart"


def test_what_happened_while_no_agent_was_there_is_healed_by_the_next(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    healer.kill()

    web.kill()
    healer.start()

    assert healer.wait_for(is_ended, service="web")["ending"] == "healed"


def test_what_a_person_stopped_while_no_agent_was_there_is_left_alone(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    healer.kill()

    web.stop(grace=1)
    healer.start()

    story = healer.wait_for(lambda i: i["stage"] == "waiting", service="web")
    assert story["cause"] == "human_stopped"
    assert starts_of(web) == 1


def test_the_next_agent_knows_why_a_container_stands_still_before_it_judges(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER.replace("os._exit(0)", "os._exit(1)"), labels=labelled())
    healer = agent({})
    healer.wait_until_well(web.name)
    web.stop(grace=1)
    story = healer.wait_for(is_waiting, service=web.name)

    healer.kill()
    seen = times_taken_up(healer)
    healer.start()
    wait_until(lambda: times_taken_up(healer) > seen, within=30)
    healer.wait_for(is_waiting, service=web.name)

    (still,) = healer.incidents(web.name)
    assert still["id"] == story["id"]
    assert (still["stage"], still["cause"]) == ("waiting", "human_stopped")
    assert starts_of(web) == 1


def test_a_second_agent_on_the_same_engine_stands_by_and_takes_over(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    first = agent({"web": service(web)})
    second = agent({"web": service(web)}, start=False)

    second.child.start()
    wait_until(lambda: "standing by" in second.child.last_lines(), within=30)
    first.kill()
    wait_until(second.is_up, within=30)
    web.kill()

    assert second.wait_for(is_ended, service="web")["ending"] == "healed"
