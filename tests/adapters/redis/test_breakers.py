"""The scripts that a fleet's breakers live by, on a real Redis and a real Valkey."""

import itertools
import time
import uuid
from dataclasses import replace

import pytest
from redis import Redis

from healing.adapters.redis import BreakerStore, Control, Lease, Report, Terms, connect, questions
from healing.adapters.redis.breakers import PAGE
from healing.errors import StateUnavailableError
from tests.real import wait_until
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")

_numbers = itertools.count(1)
TERMS = Terms(open_for=40, jitter=0, trial_within=60, trials=3, trials_at_once=3)


@pytest.fixture
def store(redis_server: Server) -> BreakerStore:
    return BreakerStore(Redis(port=redis_server.port, socket_timeout=2), chance=lambda: 0.5)


@pytest.fixture
def name() -> str:
    return f"payments-{uuid.uuid4().hex[:8]}"


def counted(instance: str, **counts: int) -> Report:
    return Report(instance=instance, number=next(_numbers), **counts)


def report(
    store: BreakerStore,
    name: str,
    pods: range,
    *,
    ok: int = 0,
    failed: int = 0,
    terms: Terms = TERMS,
) -> str:
    for pod in pods:
        said = store.sync(name, terms, counted(f"pod-{pod}", calls=ok + failed, failed=failed))
    return said.state


def opened(store: BreakerStore, name: str, terms: Terms = TERMS) -> None:
    assert report(store, name, range(20), failed=2, terms=terms) == "open"


def half_open(store: BreakerStore, name: str, terms: Terms = TERMS) -> Lease:
    opened(store, name, terms)
    nap(terms.open_for + 5)
    _, lease = store.ticket(name, terms, uuid.uuid4().hex)
    assert lease is not None
    return lease


def test_twenty_pods_with_nine_failures_each_open_it(store: BreakerStore, name: str) -> None:
    report(store, name, range(20))
    assert report(store, name, range(20), failed=9) == "open"


def test_one_bad_pod_does_not_open_nineteen_good_ones(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, fail_rate=0.01)
    report(store, name, range(20), terms=terms)
    report(store, name, range(1, 20), ok=50, terms=terms)
    assert report(store, name, range(1), failed=500, terms=terms) == "closed"


def test_the_only_pod_needs_no_quorum(store: BreakerStore, name: str) -> None:
    assert report(store, name, range(1), failed=20) == "open"


def test_failures_from_before_the_window_do_not_count(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, window=1000)
    report(store, name, range(3), failed=6, terms=terms)
    nap(2050)
    assert report(store, name, range(1), failed=2, terms=terms) == "closed"


def test_slow_calls_open_it(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, slow_rate=0.8)
    for pod in "abc":
        said = store.sync(name, terms, counted(pod, calls=10, slow=9))
    assert (said.state, said.because) == ("open", "slow_rate")


IN_A_ROW = replace(TERMS, fail_rate=0, in_a_row=5)


def test_failures_that_no_good_call_interrupts_open_it(store: BreakerStore, name: str) -> None:
    assert report(store, name, range(4), failed=1, terms=IN_A_ROW) == "closed"
    assert report(store, name, range(4, 5), failed=1, terms=IN_A_ROW) == "open"


@pytest.mark.parametrize(
    ("tripped", "state"),
    [
        pytest.param(range(1), "closed", id="one of four"),
        pytest.param(range(2), "open", id="half of four"),
    ],
)
def test_when_most_processes_refuse_by_themselves_all_do(
    store: BreakerStore, name: str, tripped: range, state: str
) -> None:
    report(store, name, range(4), ok=50, terms=IN_A_ROW)
    for pod in tripped:
        vote = replace(counted(f"pod-{pod}", calls=5, failed=5), is_tripped=True)
        said = store.sync(name, IN_A_ROW, vote)
    assert said.state == state


def test_a_process_that_is_well_again_takes_its_vote_back(store: BreakerStore, name: str) -> None:
    report(store, name, range(4), ok=50, terms=IN_A_ROW)
    store.sync(name, IN_A_ROW, replace(counted("pod-0", calls=5, failed=5), is_tripped=True))
    store.sync(name, IN_A_ROW, counted("pod-0", calls=5))
    again = replace(counted("pod-1", calls=5, failed=5), is_tripped=True)
    assert store.sync(name, IN_A_ROW, again).state == "closed"


def test_a_report_that_arrives_twice_counts_once(store: BreakerStore, name: str) -> None:
    same = counted("pod-0", calls=7, failed=1)
    assert store.sync(name, TERMS, same).calls == 7
    assert store.sync(name, TERMS, same).calls == 7
    assert store.sync(name, TERMS, counted("pod-0", calls=1)).calls == 8


def test_what_was_counted_in_another_epoch_says_nothing(store: BreakerStore, name: str) -> None:
    now = store.sync(name, TERMS, counted("pod-0"))
    late = replace(counted("pod-0", calls=50, failed=50), epoch=now.epoch + 1)
    assert store.sync(name, TERMS, late).calls == 0


def test_it_stays_open_for_as_long_as_the_dependency_said(store: BreakerStore, name: str) -> None:
    report(store, name, range(3))
    store.sync(name, TERMS, counted("pod-0", calls=20, failed=20))
    told = store.sync(name, TERMS, counted("pod-1", calls=20, failed=20, told=9000))
    assert told.state == "open"
    assert 8000 < told.left <= 9000


def test_asking_again_with_the_same_token_takes_no_second_trial(
    store: BreakerStore, name: str
) -> None:
    terms = replace(TERMS, trials=1, successes_to_close=1, trial_within=5000)
    lease = half_open(store, name, terms)
    _, again = store.ticket(name, terms, lease.token)
    assert again is not None
    assert again.epoch == lease.epoch
    assert again.lasts <= lease.lasts


def test_many_questions_are_one_round_trip_with_answers_in_order(
    store: BreakerStore, name: str
) -> None:
    asked = [questions.reporting(name, TERMS, counted(f"pod-{n}", calls=n)) for n in (1, 2, 3)]
    assert [said.calls for said in store.ask_all(asked)] == [1, 3, 6]


def test_no_trial_before_its_time(store: BreakerStore, name: str) -> None:
    opened(store, name, replace(TERMS, open_for=60_000))
    standing, lease = store.ticket(name, TERMS, "early")
    assert lease is None
    assert standing.state == "open"


def test_of_fifty_callers_only_as_many_as_permitted_get_a_trial(
    store: BreakerStore, name: str
) -> None:
    opened(store, name)
    nap(45)
    asked = [store.ticket(name, replace(TERMS, trial_within=5000), f"t{n}")[1] for n in range(50)]
    assert sum(lease is not None for lease in asked) == TERMS.trials


def test_good_trials_close_it_and_forget_the_window(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, trial_within=5000)
    first = half_open(store, name, terms)
    _, second = store.ticket(name, terms, "second")
    assert second is not None
    assert store.settle(name, terms, first, ok=True)[0].state == "half_open"
    closed, counted = store.settle(name, terms, second, ok=True)
    assert counted
    assert (closed.state, closed.because, closed.failed) == ("closed", "trials_succeeded", 0)


def test_failed_trials_open_it_for_longer_each_time(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, trials=1, successes_to_close=1, open_growth=3, trial_within=5000)
    lease = half_open(store, name, terms)
    again, _ = store.settle(name, terms, lease, ok=False)
    assert (again.state, again.opened) == ("open", 2)
    assert 100 <= again.left <= 120


def test_a_trial_given_back_can_be_had_again(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, trials=1, successes_to_close=1, trial_within=5000)
    lease = half_open(store, name, terms)
    assert store.ticket(name, terms, "none left")[1] is None
    store.settle(name, terms, lease, ok=None)
    assert store.ticket(name, terms, "again")[1] is not None


def test_an_outcome_counts_once_and_only_in_its_epoch(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, trial_within=5000)
    lease = half_open(store, name, terms)
    late = replace(lease, epoch=lease.epoch - 1)
    assert not store.settle(name, terms, late, ok=True)[1]
    assert store.settle(name, terms, lease, ok=True)[1]
    assert not store.settle(name, terms, lease, ok=True)[1]


def test_lost_trials_count_as_failed_and_open_it_again(store: BreakerStore, name: str) -> None:
    terms = replace(TERMS, trials=2, successes_to_close=2)
    lease = half_open(store, name, terms)
    nap(terms.trial_within + 10)
    standing, counted = store.settle(name, terms, lease, ok=True)
    assert not counted
    assert (standing.state, standing.because) == ("open", "trials_failed")


def test_trials_whose_key_is_gone_do_not_wedge_it(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    terms = replace(TERMS, trials=1, successes_to_close=1, trial_within=5000)
    half_open(store, name, terms)
    with redis_server.client() as client:
        assert client.delete(*client.keys(f"*:p:{name}")) == 1
    assert store.ticket(name, terms, "next")[0].state == "open"


def test_an_override_says_who_and_why_and_ends_by_itself(store: BreakerStore, name: str) -> None:
    word = Control(action="forced_open", by="ops", why="incident 42", lasts=60)
    forced, done = store.control(name, TERMS, word)
    assert done
    assert (forced.mode, forced.by, forced.why) == ("forced_open", "ops", "incident 42")
    assert store.ticket(name, TERMS, "no")[1] is None
    nap(70)
    after, lease = store.ticket(name, TERMS, "a trial finds out")
    assert lease is not None
    assert (after.mode, after.state) == ("auto", "half_open")


def test_an_override_of_an_epoch_that_is_over_is_refused(store: BreakerStore, name: str) -> None:
    now = store.read(name, TERMS).epoch
    first = Control(action="disabled", by="a", why="first", expected=now)
    assert store.control(name, TERMS, first)[1]
    assert not store.control(name, TERMS, replace(first, by="b"))[1]


def test_a_reset_closes_it_and_stands_in_the_log(store: BreakerStore, name: str) -> None:
    opened(store, name)
    store.control(name, TERMS, Control(action="reset", by="ops", why="mended"))
    assert store.read(name, TERMS).state == "closed"
    (entry,) = store.history(name)
    assert (entry["action"], entry["by"], entry["why"], entry["before"]) == (
        "reset",
        "ops",
        "mended",
        "open",
    )


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


def test_what_was_done_to_other_breakers_since_hides_nothing(
    store: BreakerStore, name: str
) -> None:
    store.control(name, TERMS, Control(action="disabled", by="ops", why="long ago"))
    for _ in range(2 * PAGE + 1):
        store.control(f"{name}-busy", TERMS, Control(action="reset", by="ops", why="again"))
    (entry,) = store.history(name)
    assert entry["why"] == "long ago"


def test_other_terms_judge_the_calls_that_were_counted_before(
    store: BreakerStore, name: str
) -> None:
    assert report(store, name, range(3), ok=2, failed=5) == "open"
    other = f"{name}-other"
    assert report(store, other, range(3), ok=8, failed=2) == "closed"
    store.control(other, TERMS, Control(action="terms", by="ops", why="", terms={"fail_rate": 0.2}))
    assert report(store, other, range(1)) == "open"


def test_terms_that_cannot_be_are_refused(store: BreakerStore, name: str) -> None:
    with pytest.raises(ValueError, match="from 1 to trials"):
        store.control(name, TERMS, Control(action="terms", by="ops", why="", terms={"trials": 1}))


def test_terms_can_be_taken_back(store: BreakerStore, name: str) -> None:
    store.control(name, TERMS, Control(action="terms", by="ops", why="", terms={"fail_rate": 0.2}))
    store.control(name, TERMS, Control(action="terms", by="ops", why="no more"))
    assert store.read(name, TERMS).terms is None


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


def test_sixteen_probers_with_crashes_never_exceed_the_permitted_and_never_wedge_it(
    store: BreakerStore, name: str
) -> None:
    terms = replace(TERMS, open_for=10, trial_within=20, trials=3, trials_at_once=2)
    opened(store, name, terms)
    admitted: dict[int, int] = {}
    turn = itertools.count()
    for number in range(300):
        for _ in range(16):
            _, lease = store.ticket(name, terms, f"{number}-{next(turn)}")
            if lease is None:
                break
            admitted[lease.epoch] = admitted.get(lease.epoch, 0) + 1
            if next(turn) % 3:
                store.settle(name, terms, lease, ok=False)
    assert len(admitted) > 3
    assert max(admitted.values()) <= terms.trials

    def healed() -> bool:
        _, lease = store.ticket(name, terms, f"healed-{next(turn)}")
        return bool(lease) and store.settle(name, terms, lease, ok=True)[0].state == "closed"

    wait_until(healed, within=5, every=0.001)


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
def test_redis_away_is_said_within_a_moment(own_server: Server, how: str) -> None:
    store = BreakerStore(connect(own_server.url))
    store.sync("x", TERMS, counted("a", calls=1))
    own_server.stop() if how == "stopped" else own_server.pause()
    began = time.monotonic()
    with pytest.raises(StateUnavailableError, match="did not answer"):
        store.read("x", TERMS)
    # Twice the patience and as much again: it must not be the eight seconds of ten retries.
    assert time.monotonic() - began < 2


def test_a_server_whose_scripts_were_forgotten_is_taught_again(own_server: Server) -> None:
    store = BreakerStore(connect(own_server.url))
    store.read("x", TERMS)
    with own_server.client() as client:
        client.flushall()
        client.script_flush()
    assert store.read("x", TERMS).state == "closed"


def test_who_runs_no_such_breaker_judges_by_the_terms_of_those_who_do(
    store: BreakerStore, name: str
) -> None:
    terms = replace(TERMS, window=300_000, trials=1, successes_to_close=1, trial_within=5000)
    opened(store, name, terms)
    nap(45)
    _, lease = store.ticket(name, None, "a recovery's")
    assert lease is not None
    assert lease.lasts == 5000
    assert store.settle(name, None, lease, ok=True)[0].state == "closed", "one trial is enough"


def test_looking_without_terms_forgets_no_call_of_a_longer_window(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    terms = replace(TERMS, window=300_000)
    report(store, name, range(3), failed=3, terms=terms)
    with redis_server.client() as client:
        (window,) = client.keys(f"*:w:{name}")
        long_ago = int(time.time()) - 120
        client.hset(window, f"f{long_ago}", 5)
    assert store.read(name, None).failed == 14


def test_one_that_never_changes_is_found_again_when_the_index_forgot_it(
    store: BreakerStore, name: str, redis_server: Server
) -> None:
    report(store, name, range(1), ok=1)
    with redis_server.client() as client:
        client.delete(*client.keys("*:index"))
    assert name not in store.names()
    report(store, name, range(1), ok=1)
    assert name in store.names()


def test_the_same_key_asks_once_even_after_somebody_else_asked(
    store: BreakerStore, name: str
) -> None:
    first = Control(action="forced_open", by="ada", why="incident 42", key="deploy-7")
    store.control(name, TERMS, first)
    store.control(name, TERMS, Control(action="reset", by="bob", why="mended"))
    standing, done = store.control(name, TERMS, first)
    assert done
    assert standing.mode == "auto", "a retry that comes late undoes nothing"
    assert [entry["by"] for entry in store.history(name)] == ["bob", "ada"]
