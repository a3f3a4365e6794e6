"""Prefect is slow, frozen or gone: healed all the same, and recorded afterwards."""

import signal

from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent
from tests.real.docker import Container, MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, service, starts_of


def recorded(prefect: PrefectServer, healer: Agent, incident: str) -> dict[str, object]:
    """Wait until Prefect has the whole story, once, and give its run."""
    wait_until(lambda: healer.incident(incident)["run_url"], within=120, every=0.5)

    def told() -> bool:
        states = [run["state"]["name"] for run in prefect.runs_about(incident)]
        return states == ["Healed"]

    wait_until(told, within=60, every=0.5)
    (run,) = prefect.runs_about(incident)
    return prefect.run(run["id"])


def heal_while_frozen(prefect: PrefectServer, web: Container, healer: Agent) -> None:
    """Freeze Prefect, kill, see it healed in time, and recorded once Prefect goes on."""
    prefect.signal(signal.SIGSTOP)
    web.kill()
    story = healer.wait_for(is_ended, service="web")
    assert story["ending"] == "healed"
    assert story["seconds_to_act"] < 5

    prefect.signal(signal.SIGCONT)
    recorded(prefect, healer, story["id"])


def test_frozen_while_runs_were_beginning(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)}, predictive_monitoring={"every": "1s"})
    wait_until(lambda: prefect.runs(flows={"name": {"any_": ["watch"]}}), within=60)

    heal_while_frozen(prefect, web, healer)


def test_gone_before_it_began(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    prefect.stop()
    web.kill()
    story = healer.wait_for(is_ended, service="web")
    assert (story["ending"], story["run_url"]) == ("healed", None)
    assert story["seconds_to_act"] < 5

    prefect.start()
    run = recorded(prefect, healer, story["id"])
    assert "offline" in run["tags"]
    wait_until(lambda: any(n.endswith("Acted") for n in prefect.tasks_of(run)), within=15)
    (report,) = prefect.reports_of(run)
    assert "KILL signal" in report
    assert starts_of(web) == 2


def test_frozen_before_it_began(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    heal_while_frozen(prefect, web, healer)
    assert starts_of(web) == 2


def test_killed_in_the_middle(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent(
        {"web": service(web, limits={"stable_for": "5s"})},
        storage={"prefect": {"patience": "20s"}},
    )

    web.kill()
    story = healer.wait_for(lambda i: i["stage"] == "verifying", service="web")
    prefect.signal(signal.SIGKILL)
    prefect.child.stop()
    healer.wait_for(lambda i: i["id"] == story["id"] and i["ending"] == "healed", service="web")

    prefect.start()
    recorded(prefect, healer, story["id"])
    assert starts_of(web) == 2


def test_never_there(agent: MakeAgent, container: MakeContainer, prefect: PrefectServer) -> None:
    prefect.stop()
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)}, wait_for_prefect=False)

    web.kill()
    story = healer.wait_for(is_ended, service="web")

    assert story["ending"] == "healed"
    prefect.start()
    recorded(prefect, healer, story["id"])
