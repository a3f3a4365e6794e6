"""`watch` runs by itself, foresees a leak, and is not stopped by a Prometheus that is away."""

import time

import numpy as np
import pytest

from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent
from tests.real.docker import MakeContainer
from tests.real.prefect import PrefectServer
from tests.real.prometheus import Exporter, MakePrometheus, openmetrics
from tests.scenarios.world import WEB_SERVER, events_of, is_ended, service, starts_of

pytestmark = pytest.mark.slow

MIB = 2**20
STEP = 2
PICTURE = "](data:image/svg+xml;base64,"
LOOKS = {"predictive_monitoring": {"every": f"{STEP}s"}}
METRICS = {"memory": {"query": "memory_bytes", "unit": "bytes", "capacity": "256MiB"}}


def quiet_hours(until: float) -> str:
    """Three hours in which memory stands at 60 MiB, give or take a little."""
    times = until - STEP * np.arange(3 * 3600 // STEP, 0, -1)
    noise = np.random.default_rng(7).normal(0, 0.3 * MIB, len(times))
    return openmetrics({"memory_bytes": (times, 60 * MIB + noise)})


def runs_of(prefect: PrefectServer, flow: str, state: str) -> list[dict[str, object]]:
    wanted = {"flows": {"name": {"any_": [flow]}}}
    return [run for run in prefect.runs(**wanted) if run["state"]["name"] == state]


def pages(prefect: PrefectServer) -> list[str]:
    """What looking ahead wrote, each time that something was new."""
    wanted = {"artifacts": {"key": {"any_": ["looking-ahead"]}}}
    return [artifact["data"] for artifact in prefect.ask("POST", "/artifacts/filter", wanted)]


def messages(prefect: PrefectServer, flow: str) -> list[str]:
    return [run["state"]["message"] for run in runs_of(prefect, flow, "Completed")]


def test_a_leak_is_foreseen_and_ended_before_the_memory_is_full(
    agent: MakeAgent,
    container: MakeContainer,
    prefect: PrefectServer,
    make_prometheus: MakePrometheus,
    exporter: Exporter,
) -> None:
    began = time.time()
    exporter.page = f"memory_bytes {60 * MIB}\n"
    server = make_prometheus(quiet_hours(began), targets=(exporter.address,))
    worker = container(WEB_SERVER)
    healer = agent(
        {"worker": service(worker, metrics=METRICS)},
        storage={"prometheus": {"url": server.url}},
        **LOOKS,
    )

    leaking_since = time.time()
    while not (found := healer.incidents("worker")):
        level = 60 * MIB + 2 * MIB * (time.time() - leaking_since)
        assert level < 250 * MIB, healer.child.last_lines(40)
        exporter.page = f"memory_bytes {level:.0f}\n"
        time.sleep(0.5)
    exporter.page = f"memory_bytes {60 * MIB}\n"
    story = healer.wait_for(is_ended, service="worker", within=60)

    assert (story["ending"], story["cause"]) == ("healed", "memory_leak"), found
    assert "full in" in story["headline"]
    (run,) = prefect.runs_about(story["id"])
    wait_until(lambda: prefect.reports_of(run), within=20)
    assert PICTURE in prefect.reports_of(run)[-1]
    wait_until(lambda: PICTURE in "".join(pages(prefect)), within=20)
    assert 'self_healing_failure_probability{service="worker"}' in healer.metrics()
    assert healer.ask("GET", "/predictions")[1][0]["service"] == "worker"
    assert len(events_of(worker, "restart")) == 1


def test_prometheus_away_stops_neither_the_looking_nor_the_healing(
    agent: MakeAgent,
    container: MakeContainer,
    prefect: PrefectServer,
    make_prometheus: MakePrometheus,
) -> None:
    server = make_prometheus()
    web = container(WEB_SERVER)
    healer: Agent = agent(
        {"web": service(web, metrics=METRICS)},
        storage={"prometheus": {"url": server.url, "timeout": "1s"}},
        **LOOKS,
    )
    server.stop()

    web.kill()
    assert healer.wait_for(is_ended, service="web")["ending"] == "healed"
    blind = "1 services, 0 findings, 0 new incidents, 1 with data that cannot be relied on"
    wait_until(lambda: blind in messages(prefect, "watch"), within=90, every=0.5)
    assert starts_of(web) == 2
    prometheus = healer.ask("GET", "/ready")[1]["dependencies"][-1]
    assert not prometheus["ok"]
    assert "does not answer" in prometheus["detail"]


def test_learning_is_done_by_the_agent_when_there_is_no_worker(
    agent: MakeAgent,
    container: MakeContainer,
    prefect: PrefectServer,
    make_prometheus: MakePrometheus,
) -> None:
    server = make_prometheus(quiet_hours(time.time()))
    web = container(WEB_SERVER)
    healer = agent(
        {"web": service(web, metrics=METRICS)},
        storage={"prometheus": {"url": server.url}},
        **LOOKS,
    )

    run = prefect.start_run("train/batch")
    wait_until(lambda: prefect.run(run)["state"]["type"] == "COMPLETED", within=90)

    assert prefect.run(run)["state"]["message"] == "learnt web"
    assert list((healer.state / "models").rglob("manifest.json"))
    scored = 'self_healing_anomaly_score{service="web"}'
    wait_until(lambda: scored in healer.metrics(), within=60)
