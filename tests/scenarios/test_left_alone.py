"""What a person did on purpose is left as it is, and the run says why."""

from tests.real import wait_until
from tests.real.agent import MakeAgent
from tests.real.docker import Container, MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, is_waiting, service, starts_of


def test_stopped_by_a_person(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    web.stop(grace=1)
    story = healer.wait_for(is_waiting, service="web")

    assert story["cause"] == "human_stopped"
    assert "left alone" in story["headline"]
    wait_until(lambda: prefect.runs_about(story["id"]), within=30)
    (run,) = prefect.runs_about(story["id"])
    wait_until(lambda: prefect.run(run["id"])["state"]["name"] == "Held", within=30)
    assert starts_of(web) == 1


def test_what_a_person_stopped_is_well_again_once_a_person_starts_it(
    agent: MakeAgent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    web.stop(grace=1)
    healer.wait_for(is_waiting, service="web")

    web.start()
    story = healer.wait_for(is_ended, service="web")

    assert story["ending"] == "recovered"
    assert starts_of(web) == 2


def test_paused_by_a_person(agent: MakeAgent, container: MakeContainer) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    healer.wait_until_well("web")

    web.pause()
    asked = healer.ask("POST", "/remediations", {"service": "web", "reason": "it is slow"})[1]
    wait_until(lambda: healer.incident(asked["incident"])["stage"] == "waiting", within=20)

    assert healer.incident(asked["incident"])["cause"] == "paused"
    web.unpause()


HELD: dict[str, tuple[dict[str, object], str]] = {
    "observed": ({"level": "observe"}, "its level is observe"),
    "recommended": ({"level": "recommend"}, "its level is recommend"),
    "critical": ({"critical": True}, "a person must approve"),
    "on-hold": ({"hold": "under investigation"}, "under investigation"),
}


def test_held_by_its_configuration(agent: MakeAgent, container: MakeContainer) -> None:
    webs = {name: container(WEB_SERVER) for name in HELD}
    healer = agent({name: service(webs[name], **config) for name, (config, _) in HELD.items()})

    for web in webs.values():
        web.kill()
    said = {name: healer.wait_for(is_waiting, service=name)["headline"] for name in HELD}

    assert [name for name, (_, because) in HELD.items() if because not in said[name]] == []
    assert [name for name, web in webs.items() if starts_of(web) != 1] == []


def test_a_job_that_ended_well(agent: MakeAgent, container: MakeContainer) -> None:
    job = container("print('done')")
    healer = agent({"job": {"target": {"container": job.name}}})

    story = healer.wait_for(is_ended, service="job")

    assert (story["ending"], story["cause"]) == ("nothing_to_do", "completed")
    assert starts_of(job) == 1


def test_a_container_that_nobody_enabled(agent: MakeAgent, container: MakeContainer) -> None:
    web: Container = container(WEB_SERVER)
    other = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    other.kill()
    web.kill()
    healer.wait_for(is_ended, service="web")

    assert starts_of(other) == 1
