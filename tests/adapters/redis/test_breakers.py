"""How the standing of breakers is kept, told and found again, on a real server."""

import socket
import uuid
from dataclasses import replace

import pytest

from healing.adapters.redis import BreakerStore, Control, connect, questions
from healing.errors import StateUnavailableError
from tests.adapters.redis.reports import TERMS, counted, half_open, name, opened, report, store
from tests.real import wait_until
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")
__all__ = ["name", "store"]


def test_a_server_that_was_demoted_is_left_for_who_has_its_address_now(
    own_server: Server, name: str
) -> None:
    with connect(own_server.url) as client, own_server.client() as admin:
        store, before = BreakerStore(client), client.client_id()
        admin.replicaof("127.0.0.1", 1)
        with pytest.raises(StateUnavailableError, match="read only"):
            report(store, name, range(1), ok=1)
        assert client.client_id() != before


def test_many_questions_are_one_round_trip_with_answers_in_order(
    store: BreakerStore, name: str
) -> None:
    asked = [questions.reporting(name, TERMS, counted(f"pod-{n}", calls=n)) for n in (1, 2, 3)]
    assert [said.calls for said in store.ask_all(asked)] == [1, 3, 6]


def test_every_change_is_on_record_with_what_it_was_judged_by(
    store: BreakerStore, name: str
) -> None:
    terms = replace(TERMS, trial_within=5000, trials=1, successes_to_close=1)
    lease = half_open(store, name, terms)
    store.settle(name, terms, lease, ok=True)
    told = [(one["after"], one["because"], one["failed"]) for one in store.transitions(name)]
    assert told == [
        ("closed", "trials_succeeded", "0"),
        ("half_open", "time_over", "0"),
        ("open", "fail_rate", "20"),
    ]


def test_the_record_of_changes_is_bounded_and_an_override_is_none(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    store.control(name, TERMS, Control(action="forced_open", by="ops", why=""))
    assert store.transitions(name) == []
    terms = replace(TERMS, open_for=1, trials=1, successes_to_close=1, trial_within=5000)
    store.control(name, TERMS, Control(action="reset", by="ops", why=""))
    lease = half_open(store, name, terms)
    for _ in range(150):
        store.settle(name, terms, lease, ok=False)
        nap(2)
        _, lease = store.ticket(name, terms, uuid.uuid4().hex)
        assert lease is not None
    with redis_server.client() as client:
        (key,) = client.keys(f"*:h:{name}")
        assert client.xlen(key) <= 250
    assert len(store.transitions(name, most=20)) == 20


def test_every_change_has_a_new_epoch_is_told_and_is_found(store: BreakerStore, name: str) -> None:
    since, _ = store.changed(0)
    heard = store.follow()
    wait_until(lambda: heard.get_message(timeout=0.01) or heard.subscribed)
    opened(store, name)
    epoch = store.read(name, TERMS).epoch
    told: list[bytes] = []
    wait_until(lambda: _hear(heard, told) and f"{epoch} {name}".encode() in told)
    assert name in store.changed(since)[1]
    heard.close()


def _hear(heard: object, told: list[bytes]) -> bool:
    if message := heard.get_message(timeout=0.01):  # type: ignore[attr-defined]
        told.append(message["data"])
    return True


def test_a_server_that_lost_writes_is_told_again_once(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    store.control(name, TERMS, Control(action="terms", by="ops", why="", terms={"fail_rate": 0.2}))
    opened(store, name, replace(TERMS, open_for=5000))
    known = store.read(name, TERMS)
    with redis_server.client() as client:
        client.delete(*client.keys(f"*:?:{name}"))
    assert store.read(name, TERMS).epoch < known.epoch
    again, done = store.republish(known, TERMS)
    assert done
    assert (again.state, again.epoch, again.terms) == ("open", known.epoch, {"fail_rate": 0.2})
    assert 4000 < again.left <= 5000
    assert not store.republish(known, TERMS)[1]


def test_every_key_but_the_log_has_an_end(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    half_open(store, name)
    store.sync(name, TERMS, counted("a", calls=1, failed=1))
    store.control(name, TERMS, Control(action="observing", by="ops", why="", lasts=1000))
    with redis_server.client() as client:
        keys = [key for key in client.keys("*") if name in key or key.endswith("index")]
        assert len(keys) >= 3
        assert all(client.pttl(key) > 0 for key in keys), keys
        store.control(name, TERMS, Control(action="forced_open", by="ops", why="for good"))
        assert client.pttl(next(key for key in keys if ":b:" in key)) == -1


def test_in_a_cluster_all_keys_of_a_breaker_stand_on_one_node(cluster_node: Server) -> None:
    client = cluster_node.form_cluster()
    store = BreakerStore(client)
    names = [f"dependency-{number}" for number in range(40)]
    for each in names:
        half_open(store, each)
        store.control(each, TERMS, Control(action="reset", by="ops", why="test"))
    assert store.names() == frozenset(names)
    with cluster_node.client() as node:
        tags = {key.partition("}")[0] for key in node.keys("*")}
    assert len(tags) > 10
    client.close()


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_redis_away_is_said(own_server: Server, how: str) -> None:
    store = BreakerStore(connect(own_server.url))
    store.sync("x", TERMS, counted("a", calls=1))
    own_server.stop() if how == "stopped" else own_server.pause()
    with pytest.raises(StateUnavailableError, match="did not answer"):
        store.read("x", TERMS)


def test_a_question_that_nobody_answers_is_put_once_and_not_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        store = BreakerStore(connect(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"))
        with pytest.raises(StateUnavailableError, match="did not answer"):
            store.read("x", TERMS)
        deaf.setblocking(False)
        deaf.accept()[0].close()
        with pytest.raises(BlockingIOError):
            deaf.accept()


def test_a_server_whose_scripts_were_forgotten_is_taught_again(own_server: Server) -> None:
    store = BreakerStore(connect(own_server.url))
    store.read("x", TERMS)
    with own_server.client() as client:
        client.flushall()
        client.script_flush()
    assert store.read("x", TERMS).state == "closed"


def test_one_that_never_changes_is_found_again_when_the_index_forgot_it(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    report(store, name, range(1), ok=1)
    with redis_server.client() as client:
        client.delete(*client.keys("*:index"))
    assert name not in store.names()
    report(store, name, range(1), ok=1)
    assert name in store.names()
