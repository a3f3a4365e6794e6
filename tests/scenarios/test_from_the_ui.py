"""Runs started, cancelled and retried by a person in the Prefect UI (over the same REST calls)."""

from tests.real import wait_until
from tests.real.agent import MakeAgent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, service, starts_of


def state_of(prefect: PrefectServer, run: str) -> str:
    return prefect.run(run)["state"]["name"]


def test_a_restart_that_a_person_asks_for(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})

    run = prefect.start_run(
        "recover/fast", service="web", procedure="restart", reason="new certificate", by="ada"
    )
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    story = healer.incidents("web")[0]
    assert (story["cause"], story["asked_by"]) == ("requested", "ada")
    assert starts_of(web) == 2
    assert "by:ada" in prefect.run(run)["tags"]


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    agent({"web": service(web)})

    run = prefect.start_run("recover/fast", service="web", procedure="restart", dry_run=True)
    wait_until(lambda: state_of(prefect, run) == "DryRun", within=40)

    assert prefect.run(run)["state"]["message"].startswith(f"would restart {web.name}")
    assert starts_of(web) == 1


def test_nothing_is_wrong(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    healer.wait_until_well("web")

    run = prefect.start_run("recover/fast", service="web")
    wait_until(lambda: prefect.run(run)["state"]["type"] in {"COMPLETED", "FAILED"}, within=40)

    assert state_of(prefect, run) == "NothingToDo"
    assert starts_of(web) == 1


def test_a_service_that_nobody_knows(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    agent({"web": service(web)})

    run = prefect.start_run("recover/fast", service="wbe")
    wait_until(lambda: prefect.run(run)["state"]["type"] == "FAILED", within=40)

    assert "no service named 'wbe'; known services: web" in prefect.run(run)["state"]["message"]


def test_a_parameter_that_nobody_knows_does_not_leave_the_run_pending(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    agent({"web": service(web)})

    run = prefect.start_run("recover/fast", service="web", sevrice="web")
    wait_until(lambda: prefect.run(run)["state"]["type"] == "FAILED", within=40)

    assert "sevrice" in prefect.run(run)["state"]["message"]


def test_a_cancelled_recovery_leaves_the_container_as_it_is(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    limits = {"stable_for": "60s", "verify_within": "5m"}
    healer = agent({"web": service(web, limits=limits)})

    run = prefect.start_run("recover/fast", service="web", procedure="restart")
    wait_until(lambda: starts_of(web) == 2, within=40)
    prefect.set_state(run, "CANCELLING")
    wait_until(lambda: state_of(prefect, run) == "Cancelled", within=30)

    story = healer.wait_for(is_ended, service="web")
    assert story["ending"] == "cancelled"


def test_the_retry_of_a_run_heals_anew(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    run = prefect.start_run("recover/fast", service="web", procedure="restart")
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    prefect.set_state(run, "SCHEDULED", name="AwaitingRetry")
    wait_until(lambda: starts_of(web) == 3, within=40)
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    assert len(healer.incidents("web")) == 2


def test_pausing_the_work_pool_stops_all_acting(
    agent: MakeAgent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER)
    healer = agent({"web": service(web)})
    try:
        prefect.ask("PATCH", "/work_pools/fastlane", {"is_paused": True})
        wait_until(lambda: not healer.ask("GET", "/status")[1]["acting"], within=20)
        web.kill()
        story = healer.wait_for(lambda i: i["stage"] == "waiting", service="web")
        assert "work pool 'fastlane' is paused" in story["headline"]
        assert starts_of(web) == 1
    finally:
        prefect.ask("PATCH", "/work_pools/fastlane", {"is_paused": False})

    assert healer.wait_for(is_ended, service="web", within=40)["ending"] == "healed"
