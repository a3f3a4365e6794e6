"""What a person did on purpose is left as it is, and the run says why."""

from tests.real import wait_until
from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, is_waiting, labelled, starts_of


def test_stopped_by_a_person(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    web.stop(grace=1)
    story = healer.wait_for(is_waiting, service=web.name)

    assert story["cause"] == "human_stopped"
    assert "left alone" in story["headline"]
    wait_until(lambda: prefect.runs_about(story["id"]), within=30)
    (run,) = prefect.runs_about(story["id"])
    wait_until(lambda: prefect.run(run["id"])["state"]["name"] == "Held", within=30)
    assert starts_of(web) == 1


def test_what_a_person_stopped_is_well_again_once_a_person_starts_it(
    healer: Agent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)
    web.stop(grace=1)
    healer.wait_for(is_waiting, service=web.name)

    web.start()
    story = healer.wait_for(is_ended, service=web.name)

    assert story["ending"] == "recovered"
    assert starts_of(web) == 2


def test_what_a_person_stopped_and_removed_is_over(healer: Agent, container: MakeContainer) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)
    web.stop(grace=1)
    healer.wait_for(is_waiting, service=web.name)

    web.remove()

    assert healer.wait_for(is_ended, service=web.name)["ending"] == "nothing_to_do"


def test_removed_while_we_look_whether_it_stays_well(
    healer: Agent, container: MakeContainer
) -> None:
    web = container(WEB_SERVER, labels=labelled(stable_for="60s"))
    healer.wait_until_well(web.name)
    web.kill()
    healer.wait_for(lambda i: i["stage"] == "verifying", service=web.name)

    web.remove()

    assert healer.wait_for(is_ended, service=web.name)["ending"] == "nothing_to_do"


def test_a_crash_loop_that_docker_keeps_alive_calls_a_person_once(
    healer: Agent, container: MakeContainer
) -> None:
    web = container(
        "raise SystemExit(3)",
        labels={"healing.enable": "true"},
        host={"restart_policy": {"Name": "always"}},
    )
    wait_until(lambda: starts_of(web) >= 6, within=60)

    (story,) = healer.incidents(web.name)
    assert (story["ending"], story["cause"]) == ("escalated", "crash_loop")


def test_paused_by_a_person(healer: Agent, container: MakeContainer) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    web.pause()
    asked = healer.ask("POST", "/remediations", {"service": web.name, "reason": "it is slow"})[1]
    wait_until(lambda: healer.incident(asked["incident"])["stage"] == "waiting", within=20)

    assert healer.incident(asked["incident"])["cause"] == "paused"
    web.unpause()


HELD = {
    "observed": ({"level": "observe"}, "its level is observe"),
    "recommended": ({"level": "recommend"}, "its level is recommend"),
    "critical": ({"critical": "true"}, "a person must approve"),
    "on-hold": ({"hold": "under investigation"}, "under investigation"),
}


def test_held_by_its_labels(healer: Agent, container: MakeContainer) -> None:
    webs = {name: container(WEB_SERVER, labels=labelled(**HELD[name][0])) for name in HELD}
    for web in webs.values():
        healer.wait_until_well(web.name)

    for web in webs.values():
        web.kill()
    said = {n: healer.wait_for(is_waiting, service=w.name)["headline"] for n, w in webs.items()}

    assert [name for name, (_, because) in HELD.items() if because not in said[name]] == []
    assert [name for name, web in webs.items() if starts_of(web) != 1] == []


def test_a_job_that_ended_well(healer: Agent, container: MakeContainer) -> None:
    job = container("print('done')", labels={"healing.enable": "true"})

    story = healer.wait_for(is_ended, service=job.name)

    assert (story["ending"], story["cause"]) == ("nothing_to_do", "completed")
    assert starts_of(job) == 1


def test_a_container_that_nobody_enabled(healer: Agent, container: MakeContainer) -> None:
    other = container(WEB_SERVER)
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    other.kill()
    web.kill()
    healer.wait_for(is_ended, service=web.name)

    assert starts_of(other) == 1
