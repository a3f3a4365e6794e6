"""The fleet's breakers over REST, on a real Redis and a real Valkey."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from healing.adapters.redis import BreakerStore, RedisFleet, connect
from healing.api.access import Role
from healing.instruments import BreakerStates
from tests.api.world import World
from tests.breakers.fleet_story import Applications, some_name
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")

INCIDENT = {"mode": "force_open", "reason": "incident 42"}


def fleet(server: Server) -> RedisFleet:
    return RedisFleet(BreakerStore(connect(server.url)))


@pytest.fixture
def apps(redis_server: Server) -> Applications:
    return Applications(redis_server.port)


@pytest.fixture
def name() -> str:
    return some_name()


@pytest.fixture
def world(tmp_path: Path, redis_server: Server) -> World:
    return World(tmp_path, fleet(redis_server), ("db",))


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as client:
        yield client


def listed(client: TestClient, name: str) -> dict[str, Any]:
    (found,) = [b for b in client.get("/circuit-breakers").json() if b["name"] == name]
    return found


def test_the_list_shows_what_the_fleet_uses_and_what_the_file_names(
    world: World, client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=4, failed=1)
    world.breakers.look()

    shown = listed(client, name)
    assert (shown["state"], shown["calls"], shown["failed"]) == ("closed", 15, 3)
    assert (shown["processes"], shown["processes_failing"], shown["stale"]) == (3, 3, False)
    assert listed(client, "db")["state"] == "closed"


def test_an_open_one_says_why_and_until_when(
    world: World, client: TestClient, apps: Applications, name: str
) -> None:
    apps.open(name)
    world.breakers.look()

    shown = listed(client, name)
    assert (shown["state"], shown["because"]) == ("open", "fail_rate")
    assert shown["why"] == "fail rate: 21 of 21 calls failed"
    assert shown["until"] > shown["seen_at"]


def test_one_that_is_not_known_is_404_with_those_that_are(
    world: World, client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    world.breakers.look()
    for answer in (
        client.get("/circuit-breakers/nowhere"),
        client.post("/circuit-breakers/nowhere/reset"),
        client.post("/circuit-breakers/nowhere/override", json=INCIDENT),
    ):
        assert answer.status_code == 404
        assert "no circuit breaker named 'nowhere'" in answer.json()["detail"]
        assert name in answer.json()["detail"]
    assert "nowhere" not in apps.store.names()


def test_one_that_was_used_a_moment_ago_is_known_without_a_round(
    client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    assert client.get(f"/circuit-breakers/{name}").status_code == 200


def test_a_name_may_have_any_sign_in_it(client: TestClient, apps: Applications, name: str) -> None:
    odd = f"{name}:https://bank.example/v1"
    apps.use(odd, ok=1)
    assert client.get(f"/circuit-breakers/{odd}").json()["name"] == odd
    answer = client.post(f"/circuit-breakers/{odd}/override", json=INCIDENT)
    assert answer.json()["state"] == "forced_open"


@pytest.mark.parametrize(
    ("mode", "state"),
    [("force_open", "forced_open"), ("force_closed", "disabled"), ("observe", "observing")],
)
def test_an_override_is_seen_by_every_process_with_who_and_why(
    client: TestClient, apps: Applications, name: str, mode: str, state: str
) -> None:
    apps.use(name, ok=1)
    body = {"mode": mode, "reason": "incident 42", "for": "15m"}
    answer = client.post(f"/circuit-breakers/{name}/override", json=body)

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["verdict"]) == (state, "closed")
    override = answer.json()["override"]
    assert (override["mode"], override["by"], override["reason"]) == (mode, "local", "incident 42")
    assert override["until"] > answer.json()["seen_at"]
    assert apps.store.read(name, None).mode == state

    back = client.post(f"/circuit-breakers/{name}/override", json={"mode": "none", "reason": "ok"})
    assert (back.json()["state"], back.json()["override"]) == ("closed", None)


def test_an_override_ends_by_itself_and_is_seen_to(
    world: World, client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    body = {"mode": "observe", "reason": "a look", "for": "50ms"}
    client.post(f"/circuit-breakers/{name}/override", json=body)
    nap(60)
    world.breakers.look()
    assert listed(client, name)["state"] == "closed"


def test_a_reset_closes_it_and_needs_no_body(
    client: TestClient, apps: Applications, name: str
) -> None:
    apps.open(name)
    answer = client.post(f"/circuit-breakers/{name}/reset")
    assert (answer.json()["state"], answer.json()["because"]) == ("closed", "operator")
    assert apps.use(name, ok=1) == "closed"


def test_other_rules_judge_what_was_counted_and_can_be_taken_back(
    client: TestClient, apps: Applications, name: str
) -> None:
    path = f"/circuit-breakers/{name}/rules"
    assert apps.use(name, ok=8, failed=2) == "closed"
    body = {"rules": {"fail_rate": 0.2, "open_for": "10s", "trials": 3}, "reason": "too lax"}
    told = client.post(path, json=body).json()
    assert told["changed_rules"] == {"fail_rate": 0.2, "open_for": 10, "trials": 3}
    assert (told["rules"]["fail_rate"], told["rules"]["quorum"]) == (0.2, 2)
    assert told["history"][0]["action"] == "rules"
    assert apps.use(name) == "open"

    back = client.post(path, json={"rules": {}, "reason": "as it was"}).json()
    assert (back["changed_rules"], back["rules"]["fail_rate"]) == ({}, 0.5)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"fail_rat": 0.2}, "no rule is named 'fail_rat'; there are window, min_calls, fail_rate"),
        ({"trials": 1}, "successes_to_close must be from 1 to trials (1), not 2"),
        ({"quorum": 1.5}, "quorum counts something: it must be a whole number, not 1.5"),
        ({"open_for": "soon"}, "open_for: must be a duration"),
        ({"fail_rate": -1}, "fail_rate must be 0 or more"),
        ({"fail_rate": 30}, "fail_rate must be above 0 and at most 1, not 30"),
    ],
    ids=["unknown", "not-together", "not-whole", "no-duration", "negative", "percent"],
)
def test_rules_that_cannot_be_are_refused(
    client: TestClient, apps: Applications, name: str, rules: dict[str, float], says: str
) -> None:
    apps.use(name, ok=1)
    body = {"rules": rules, "reason": "a try"}
    answer = client.post(f"/circuit-breakers/{name}/rules", json=body)
    assert answer.status_code == 422
    assert says in answer.text
    assert client.get(f"/circuit-breakers/{name}").json()["changed_rules"] == {}


def test_the_history_says_who_did_what_and_when_newest_first(
    world: World, apps: Applications, name: str
) -> None:
    client = world.client(t=("ada", Role.OPERATOR), u=("bob", Role.OPERATOR))
    apps.open(name)
    for token, path, body in (
        ("t", "override", {**INCIDENT, "for": "1h"}),
        ("u", "reset", {"reason": "mended"}),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        told = client.post(f"/circuit-breakers/{name}/{path}", json=body, headers=headers).json()

    assert [(one["after"], one["because"]) for one in told["changes"]] == [
        ("closed", "operator"),
        ("open", "fail_rate"),
    ]
    newest, first = told["history"]
    assert (newest["action"], newest["by"], newest["reason"]) == ("reset", "bob", "mended")
    assert (newest["before"], newest["lasts_seconds"]) == ("forced_open", None)
    assert (first["action"], first["by"], first["before"]) == ("force_open", "ada", "open")
    assert first["lasts_seconds"] == 3600
    assert first["at"] <= newest["at"]


def test_who_looked_at_an_epoch_that_is_over_is_told_how_it_stands(
    client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    seen = client.get(f"/circuit-breakers/{name}").json()["epoch"]
    apps.open(name)
    answer = client.post(f"/circuit-breakers/{name}/override", json={**INCIDENT, "epoch": seen})

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"changed since epoch {seen}: it is open now" in answer.json()["detail"]
    assert apps.store.read(name, None).mode == "auto"


def test_the_same_idempotency_key_acts_once(
    client: TestClient, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    for _ in range(2):
        answer = client.post(
            f"/circuit-breakers/{name}/override", json=INCIDENT, headers={"Idempotency-Key": "d-7"}
        )
        assert answer.status_code == 200
    assert len(answer.json()["history"]) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({"mode": "open", "reason": "x"}, "'force_open'", id="no such mode"),
        pytest.param({"mode": "observe"}, "body.reason: Field required", id="no reason"),
        pytest.param({**INCIDENT, "for": "soon"}, "body.for", id="no duration"),
        pytest.param({**INCIDENT, "for": "0s"}, "body.for", id="no time at all"),
        pytest.param({"mode": "none", "reason": "x", "for": "1m"}, "leave `for` out", id="no end"),
        pytest.param({**INCIDENT, "actor": "root"}, "body.actor: Extra inputs", id="forged"),
    ],
)
def test_a_wrong_override_is_refused_with_what_is_wrong(
    client: TestClient, apps: Applications, name: str, body: dict[str, Any], says: str
) -> None:
    apps.use(name, ok=1)
    answer = client.post(f"/circuit-breakers/{name}/override", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert apps.store.history(name) == []


def test_only_an_operator_may_pull_and_a_viewer_may_look(
    world: World, apps: Applications, name: str
) -> None:
    client = world.client(looks=("ada", Role.VIEWER))
    apps.use(name, ok=1)
    headers = {"Authorization": "Bearer looks"}
    assert client.get(f"/circuit-breakers/{name}", headers=headers).status_code == 200
    for path in ("reset", "override"):
        answer = client.post(f"/circuit-breakers/{name}/{path}", json=INCIDENT, headers=headers)
        assert answer.status_code == 403
    assert client.get("/circuit-breakers").status_code == 401


def test_the_status_counts_them_and_names_those_that_refuse(
    world: World, client: TestClient, apps: Applications, name: str
) -> None:
    apps.open(name)
    world.breakers.look()
    told = client.get("/status").json()["circuit_breakers"]
    assert told["by_state"]["open"] >= 1
    assert name in [one["name"] for one in told["not_closed"]]


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_with_redis_away_what_was_seen_stays_and_levers_say_what_to_do(
    tmp_path: Path, own_server: Server, name: str, how: str
) -> None:
    apps = Applications(own_server.port)
    apps.open(name)
    world = World(tmp_path, fleet(own_server), ("db",))
    client = world.client()
    world.breakers.look()
    own_server.stop() if how == "stopped" else own_server.pause()
    world.breakers.look()

    assert (listed(client, name)["state"], listed(client, name)["stale"]) == ("open", True)
    one = client.get(f"/circuit-breakers/{name}").json()
    assert (one["state"], one["stale"]) == ("open", True)
    assert (one["history"], one["changes"]) == (None, None)
    for answer in (
        client.post(f"/circuit-breakers/{name}/reset"),
        client.post(f"/circuit-breakers/{name}/override", json=INCIDENT),
    ):
        assert answer.status_code == 503
        assert "once the shared state is back" in answer.json()["detail"]
    assert client.get("/circuit-breakers/nowhere").status_code == 503, "nobody can tell"


def test_before_redis_ever_answered_the_names_of_the_file_are_shown_as_unknown(
    tmp_path: Path, own_server: Server
) -> None:
    own_server.stop()
    world = World(tmp_path, fleet(own_server), ("db",))
    world.breakers.look()
    (shown,) = world.client().get("/circuit-breakers").json()
    assert (shown["name"], shown["state"], shown["stale"]) == ("db", None, True)
    assert "did not answer" in shown["why"]


def test_without_a_shared_state_every_route_says_how_to_have_one(tmp_path: Path) -> None:
    client = World(tmp_path, None, ("db",)).client()
    for answer in (
        client.get("/circuit-breakers"),
        client.get("/circuit-breakers/nowhere"),
        client.post("/circuit-breakers/nowhere/reset"),
    ):
        assert answer.status_code == 503
        assert "HEALING_REDIS_URL" in answer.json()["detail"]
    assert client.get("/status").json()["circuit_breakers"] is None


def test_the_metric_shows_every_state_of_each_and_one_of_them_is_1(
    world: World, apps: Applications, name: str
) -> None:
    apps.open(name)
    world.breakers.look()
    (family,) = BreakerStates(world.breakers.states).collect()
    mine = {s.labels["state"]: s.value for s in family.samples if s.labels["name"] == name}
    assert mine == {
        "closed": 0,
        "open": 1,
        "half_open": 0,
        "forced_open": 0,
        "disabled": 0,
        "observing": 0,
    }
