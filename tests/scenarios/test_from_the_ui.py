"""Runs started, cancelled and retried by a person in the Prefect UI (over the same REST calls)."""

from tests.real import wait_until
from tests.real.agent import Agent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.scenarios.world import WEB_SERVER, is_ended, labelled, starts_of


def state_of(prefect: PrefectServer, run: str) -> str:
    return prefect.run(run)["state"]["name"]


def test_a_restart_that_a_person_asks_for(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    run = prefect.start_run(
        "recover/fast", service=web.name, procedure="restart", reason="new certificate", by="ada"
    )
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    story = healer.incidents(web.name)[0]
    assert (story["cause"], story["asked_by"]) == ("requested", "ada")
    assert starts_of(web) == 2
    assert "by:ada" in prefect.run(run)["tags"]


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    run = prefect.start_run("recover/fast", service=web.name, procedure="restart", dry_run=True)
    wait_until(lambda: state_of(prefect, run) == "DryRun", within=40)

    assert prefect.run(run)["state"]["message"].startswith(f"would restart {web.name}")
    assert starts_of(web) == 1


def test_nothing_is_wrong(healer: Agent, container: MakeContainer, prefect: PrefectServer) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    run = prefect.start_run("recover/fast", service=web.name)
    wait_until(lambda: prefect.run(run)["state"]["type"] in {"COMPLETED", "FAILED"}, within=40)

    assert state_of(prefect, run) == "NothingToDo"
    assert starts_of(web) == 1


def test_a_service_that_nobody_knows(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    run = prefect.start_run("recover/fast", service="wbe")
    wait_until(lambda: prefect.run(run)["state"]["type"] == "FAILED", within=40)

    message = prefect.run(run)["state"]["message"]
    assert f"no service named 'wbe'; known services: {web.name}" in message


def test_a_parameter_that_nobody_knows_does_not_leave_the_run_pending(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)

    run = prefect.start_run("recover/fast", service=web.name, sevrice=web.name)
    wait_until(lambda: prefect.run(run)["state"]["type"] == "FAILED", within=40)

    assert "sevrice" in prefect.run(run)["state"]["message"]


def test_a_cancelled_recovery_leaves_the_container_as_it_is(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled(stable_for="60s", verify_within="5m"))
    healer.wait_until_well(web.name)

    run = prefect.start_run("recover/fast", service=web.name, procedure="restart")
    wait_until(lambda: starts_of(web) == 2, within=40)
    prefect.set_state(run, "CANCELLING")
    wait_until(lambda: state_of(prefect, run) == "Cancelled", within=30)

    story = healer.wait_for(is_ended, service=web.name)
    assert story["ending"] == "cancelled"


def test_the_retry_of_a_run_heals_anew(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)
    run = prefect.start_run("recover/fast", service=web.name, procedure="restart")
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    prefect.set_state(run, "SCHEDULED", name="AwaitingRetry")
    wait_until(lambda: starts_of(web) == 3, within=40)
    wait_until(lambda: state_of(prefect, run) == "Healed", within=40)

    assert len(healer.incidents(web.name)) == 2


def test_pausing_the_work_pool_stops_all_acting(
    healer: Agent, container: MakeContainer, prefect: PrefectServer
) -> None:
    web = container(WEB_SERVER, labels=labelled())
    healer.wait_until_well(web.name)
    try:
        prefect.ask("PATCH", "/work_pools/fastlane", {"is_paused": True})
        wait_until(lambda: not healer.ask("GET", "/status")[1]["acting"], within=20)
        web.kill()
        story = healer.wait_for(lambda i: i["stage"] == "waiting", service=web.name)
        assert "work pool 'fastlane' is paused" in story["headline"]
        assert starts_of(web) == 1
    finally:
        prefect.ask("PATCH", "/work_pools/fastlane", {"is_paused": False})

    assert healer.wait_for(is_ended, service=web.name, within=40)["ending"] == "healed"
