"""The REST contract, over the application itself; only the launcher is not real: it notes."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from healing.api.access import Role
from healing.api.app import LARGEST_BODY
from healing.api.schemas import DependencyView
from healing.failure import cold, foresee
from healing.finding import Kind
from healing.forecast import Exhaustion, Outlook
from healing.names import SignalName
from healing.policy.exhausting import alarm_of
from healing.policy.failing import Terms, likely_to_fail
from healing.watching import Judgement
from healing.watching.signs import gather
from tests.api.world import World
from tests.real import wait_until
from tests.stories import API, DIED, NOON, finding, judgement


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as client:
        yield client


def ask(**more: Any) -> dict[str, Any]:
    return {"service": "api", "reason": "it is slow", **more}


def test_it_is_alive_even_when_everything_else_is_not(world: World, client: TestClient) -> None:
    world.engine = DependencyView(name="containers", ok=False, detail="no answer")
    assert client.get("/health").json() == {"status": "alive"}


def test_it_is_not_ready_without_the_engine_and_says_so(world: World, client: TestClient) -> None:
    world.engine = DependencyView(name="containers", ok=False, detail="no answer within 5 s")
    answer = client.get("/ready")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "containers: no answer within 5 s"


def test_it_is_ready_without_prefect(world: World, client: TestClient) -> None:
    world.prefect = DependencyView(name="prefect", ok=False, detail="away")
    assert client.get("/ready").status_code == 200


def test_a_remediation_is_accepted_and_begun(world: World, client: TestClient) -> None:
    answer = client.post("/remediations", json=ask())

    assert answer.status_code == 202
    incident = answer.json()["incident"]
    assert world.notes.launched == [incident]
    assert answer.json()["run_url"] == f"http://prefect/{incident}"
    assert client.get(answer.json()["incident_url"]).json()["asked_by"] == "local"


def test_the_same_key_asks_once_and_another_key_asks_again(
    world: World, client: TestClient
) -> None:
    first, second, third = (
        client.post("/remediations", json=ask(dry_run=True), headers={"Idempotency-Key": key})
        for key in ("deploy-7", "deploy-7", "deploy-8")
    )

    assert first.json()["incident"] == second.json()["incident"]
    assert third.json()["incident"] == first.json()["incident"], "joins what is open already"
    assert len(world.book.all()) == 1


def test_a_key_that_served_another_request_keeps_none_from_being_done(
    world: World, client: TestClient
) -> None:
    rehearsed, done, done_again = (
        client.post("/remediations", json=body, headers={"Idempotency-Key": "deploy-7"}).json()
        for body in (ask(dry_run=True), ask(), ask())
    )

    assert rehearsed["incident"] != done["incident"] == done_again["incident"]
    assert [incident.dry_run for incident in world.book.all()] == [True, False]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param(ask(service="apo"), 404, "known services: api", id="unknown service"),
        pytest.param(ask(procedure="reboot"), 422, "'start' or 'restart'", id="unknown procedure"),
        pytest.param({"service": "api"}, 422, "body.reason: Field required", id="no reason"),
        pytest.param(ask(drop=1), 422, "body.drop: Extra inputs", id="unknown key"),
        pytest.param(ask(service="api; rm -rf /"), 404, "no service named", id="hostile"),
        pytest.param(ask(reason="x" * 501), 422, "at most 500", id="too long"),
    ],
)
def test_a_wrong_request_is_refused_with_what_to_do(
    world: World, client: TestClient, body: dict[str, Any], status: int, says: str
) -> None:
    answer = client.post("/remediations", json=body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert not world.book.all()


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "says"),
    [
        pytest.param("GET", "/statuss", {}, 404, "no /statuss: /docs shows", id="no such path"),
        pytest.param("POST", "/status", {}, 405, "/status takes GET, not POST", id="method"),
        pytest.param("POST", "/pause", {"content": "{"}, 422, "Expecting property", id="no JSON"),
        pytest.param("POST", "/pause", {"content": b'"\xff"'}, 400, "UTF-8", id="no text"),
        pytest.param("POST", "/pause", {"data": {"reason": "x"}}, 422, "-type: app", id="a form"),
    ],
)
def test_what_the_framework_refuses_says_what_to_do(
    client: TestClient, method: str, path: str, sent: dict[str, Any], status: int, says: str
) -> None:
    kind = {} if "data" in sent else {"Content-Type": "application/json"}
    answer = client.request(method, path, headers=kind, **sent)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says.lower() in answer.json()["detail"].lower()


def test_a_fault_of_our_own_is_a_problem_document(world: World) -> None:
    def broken() -> DependencyView:
        raise ZeroDivisionError

    app = world.client().app
    app.state.desk = replace(world.desk, checkups=(broken,))
    client = TestClient(app, "http://127.0.0.1:8200", raise_server_exceptions=False)
    answer = client.get("/ready")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "its log says more" in answer.json()["detail"]


def test_it_is_alive_while_every_thread_waits_for_what_does_not_answer(world: World) -> None:
    answered, waiting = threading.Event(), list[int]()

    def frozen() -> DependencyView:
        waiting.append(1)
        answered.wait(60)
        return world.engine

    app = world.client().app
    app.state.desk = replace(world.desk, checkups=(frozen,))
    with TestClient(app, "http://127.0.0.1:8200") as client, ThreadPoolExecutor(60) as pool:
        asked = [pool.submit(client.get, "/ready") for _ in range(60)]
        wait_until(lambda: len(waiting) == 40)  # as many as the framework has threads
        assert client.get("/health").status_code == 200
        assert not any(one.done() for one in asked)
        answered.set()


def test_who_asks_for_the_head_only_is_answered(client: TestClient) -> None:
    assert client.head("/health").status_code == 200
    assert client.head("/nothing").status_code == 404


def test_more_than_a_mebibyte_is_refused(client: TestClient) -> None:
    answer = client.post("/remediations", content=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413


def test_pausing_is_seen_in_the_status_and_survives(world: World, client: TestClient) -> None:
    paused = client.post("/pause", json={"reason": "database migration"}).json()
    assert not paused["acting"]
    assert "switched off by local" in paused["why_not_acting"]
    assert "database migration" in world.desk.switch.why_off()

    assert client.post("/resume").json()["acting"]


def test_metrics_are_what_prometheus_reads(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "self_healing_open_incidents" in answer.text


def test_without_tokens_a_page_of_another_site_may_not_ask(client: TestClient) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert client.post("/remediations", json=ask(), headers=foreign).status_code == 403
    rebound = {"Host": "evil.example:8200"}
    assert client.get("/status", headers=rebound).status_code == 403


@pytest.mark.parametrize(
    ("token", "status"),
    [("", 401), ("wrong", 401), ("looks", 403), ("works", 202)],
)
def test_with_tokens_only_an_operator_may_ask(world: World, token: str, status: int) -> None:
    client = world.client(looks=("ada", Role.VIEWER), works=("bob", Role.OPERATOR))
    answer = client.post("/remediations", json=ask(), headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == status
    if status == 202:
        assert world.book.all()[0].by == "bob"


def test_health_and_metrics_need_no_token(world: World) -> None:
    client = world.client(looks=("ada", Role.VIEWER))
    assert client.get("/health").status_code == 200
    assert client.get("/metrics").status_code == 200
    assert client.get("/status").status_code == 401


def test_every_path_of_the_contract_is_in_the_openapi(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    breakers = {"/circuit-breakers", "/circuit-breakers/{name}"}
    levers = {f"/circuit-breakers/{{name}}/{lever}" for lever in ("reset", "override", "rules")}
    rest = {"/health", "/ready", "/status", "/metrics", "/remediations", "/findings"}
    assert rest | breakers | levers <= set(paths)


def test_the_openapi_says_that_errors_are_problem_documents(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    operations = [one for path in described["paths"].values() for one in path.values()]

    assert all(
        "application/problem+json" in o["responses"]["default"]["content"] for o in operations
    )
    assert not any("422" in operation["responses"] for operation in operations)
    assert list(described["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == [
        "text/plain"
    ]


def test_the_openapi_says_what_wants_a_token_so_its_page_asks_for_one(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    asks = {
        path: any("security" in operation for operation in operations.values())
        for path, operations in described["paths"].items()
    }

    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert {path for path, wants_token in asks.items() if not wants_token} == {
        "/health",
        "/ready",
        "/metrics",
    }


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_pages_of_the_documentation_load_nothing_from_elsewhere(
    client: TestClient, page: str
) -> None:
    answer = client.get(page)

    loads = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', answer.text)
    assert answer.status_code == 200
    assert {Path(each).suffix for each in loads} >= {".js", ".png"}
    for each in loads:
        assert each.startswith("/")
        assert not each.startswith("//")
        assert len(client.get(each).content) > 1000


def test_predictions_say_how_likely_each_service_fails_and_why(world: World) -> None:
    hour = timedelta(hours=1)
    full = Exhaustion(
        signal=SignalName("memory"),
        outlook=Outlook.SOON,
        level=200.0,
        capacity=256.0,
        at=NOON,
        soonest=hour / 4,
        likely=hour / 3,
        latest=hour / 2,
        certainty=0.9,
        reason="full in 20 min",
    )
    seen = foresee(cold(), gather(np.array([0.2, 0.9]), [full], [DIED], now=NOON))
    world.latest.take(
        [
            Judgement(
                service=API,
                score=0.9,
                why="memory is high",
                forecasts=(full,),
                alarms=(alarm_of(full, None, every=timedelta(minutes=1)),),
                horizon=hour,
                prognosis=seen,
                likely=likely_to_fail(seen, None, terms=Terms(), is_filling=False),
                findings=(),
                at=NOON,
            )
        ]
    )

    (told,) = world.client().get("/predictions").json()

    within = told["failure_probability"]
    assert 0 < within["15m"] <= within["1h"] <= within["24h"] < 1
    assert within["1h"] > 0.5
    assert "full within the hour" in told["why_it_may_fail"][0]
    assert any("ended by itself within the last hour: 1" in why for why in told["why_it_may_fail"])
    assert not told["likely_to_fail"]
    assert "only this look says so" in told["why_likely"]
    assert not told["forecasts"][0]["alarm"]
    assert "only this look says so" in told["forecasts"][0]["why_alarm"]
    assert told["forecasts"][0]["seconds_to_full"] == {"0.1": 900, "0.5": 1200, "0.9": 1800}
    assert told["failures_learnt_from"] == 0


def test_a_service_that_was_never_looked_at_has_no_prediction(world: World) -> None:
    assert world.client().get("/predictions").json() == []


def test_findings_say_what_is_open_and_why_it_became_an_incident_or_did_not(
    world: World, client: TestClient
) -> None:
    odd = finding(Kind.ANOMALY, detail="latency is 2 s, usually 80 ms")
    world.latest.take([judgement(odd)])
    world.desk.dispatch.notice(odd)
    world.desk.dispatch.notice(finding(detail="it ended with exit code 1"))

    ended, strange = sorted(
        client.get("/findings").json(), key=lambda one: one["kind"], reverse=True
    )

    assert (strange["kind"], strange["open"], strange["incident"]) == ("anomaly", True, None)
    assert (strange["because"], strange["detail"]) == ("without_impact", odd.detail)
    assert (ended["kind"], ended["open"], ended["because"]) == ("exited", True, "new")
    assert ended["incident"] == world.notes.launched[0]
    assert [one["kind"] for one in client.get("/findings?kind=exited").json()] == ["exited"]
    assert [one["kind"] for one in client.get("/status").json()["noticed"]] == ["anomaly"]


def test_a_finding_is_over_when_the_next_look_does_not_find_it(
    world: World, client: TestClient
) -> None:
    odd = finding(Kind.ANOMALY)
    world.latest.take([judgement(odd)])
    world.desk.dispatch.notice(odd)
    world.latest.take([judgement()])

    assert client.get("/findings?open=true").json() == []
    (over,) = client.get("/findings?open=false&service=api").json()
    assert over["times"] == 1


@pytest.mark.parametrize("wrong", ["kind=odd", "limit=0", "open=perhaps"])
def test_findings_of_no_kind_are_refused(client: TestClient, wrong: str) -> None:
    assert client.get(f"/findings?{wrong}").status_code == 422
