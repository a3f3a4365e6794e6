"""A container is killed, and nobody asked it to stop."""

from typing import Any

from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent
from tests.real.docker import Container, MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, service, starts_of


def kill_and_heal(web: Container, healer: Agent) -> dict[str, Any]:
    known = {incident["id"] for incident in healer.incidents("web")}
    web.kill()
    return healer.wait_for(lambda i: is_ended(i) and i["id"] not in known, service="web")


def test_it_is_started_again(agent: MakeAgent, container: MakeContainer) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    story = kill_and_heal(web, healer)

    assert (story["ending"], story["cause"]) == ("healed", "killed")
    assert starts_of(web) == 2


def test_the_flow_run_tells_the_story(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    # Patience, since a machine that runs tests is slower than one that heals.
    healer = agent({"web": service(web)}, storage={"prefect": {"patience": "20s"}})

    story = kill_and_heal(web, healer)
    (run,) = prefect.runs_about(story["id"])
    wait_until(lambda: prefect.run(run["id"])["state"]["name"] == "Healed", within=10)
    run = prefect.run(run["id"])
    assert run["name"] == f"recover web: killed #{story['id']}"
    assert run["tags"] == ["healing", "web", "cause:killed", "outcome:healed", "by:agent"]
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
