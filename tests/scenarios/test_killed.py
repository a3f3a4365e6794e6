"""A container is killed, and nobody asked it to stop."""

from tests.real import wait_until
from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, labelled, starts_of


def test_it_is_started_again(healer: Agent, container: MakeContainer) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    web.kill()
    story = healer.wait_for(is_ended, service=web.name)

    assert (story["ending"], story["cause"]) == ("healed", "killed")
    assert starts_of(web) == 2


def test_the_flow_run_tells_the_story(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    web.kill()
    story = healer.wait_for(is_ended, service=web.name)
    (run,) = prefect.runs_about(story["id"])
    wait_until(lambda: prefect.run(run["id"])["state"]["name"] == "Healed", within=10)
    run = prefect.run(run["id"])
    assert run["name"] == f"recover {web.name}: killed #{story['id']}"
    assert run["tags"] == ["healing", web.name, "cause:killed", "outcome:healed", "by:agent"]
    assert run["state"]["message"].startswith(f"{web.name} healed by start")
    wait_until(lambda: len(prefect.tasks_of(run)) == 9, within=15)
    assert prefect.tasks_of(run) == [
        "take up the incident",
        "look at the container",
        "name the likely cause",
        "choose a remedy",
        "ask the gates",
        f"start {web.name}",
        f"see that {web.name} stays well",
        "close the incident",
        "write the report",
    ]
    (report,) = prefect.reports_of(run)
    assert "somebody sent it the KILL signal" in report
    assert "Gates passed: dry run, switched on" in report
    assert "verified: **stable**" in report
