"""What operators say to a breaker of a fleet, on a real server."""

import time
from dataclasses import replace

import pytest

from healing.adapters.redis import BreakerStore, Control
from healing.adapters.redis.breakers import PAGE
from tests.adapters.redis.reports import TERMS, name, opened, report, store
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")
__all__ = ["name", "store"]


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


def test_who_only_reads_sees_that_it_has_ended_and_a_trial_is_to_find_out(
    store: BreakerStore, name: str
) -> None:
    word = Control(action="forced_open", by="ops", why="incident 42", lasts=60)
    store.control(name, TERMS, word)
    nap(70)
    seen = store.read(name, TERMS)
    assert (seen.mode, seen.state, seen.left, seen.because) == ("auto", "open", 0, "operator")


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


def test_the_key_of_one_lever_keeps_no_other_from_being_pulled(
    store: BreakerStore, name: str
) -> None:
    for action in ("forced_open", "auto", "forced_open"):
        said = Control(action=action, by="ada", why="incident 42", key="incident-42")
        standing, _ = store.control(name, TERMS, said)
    assert standing.mode == "auto"
    assert [entry["action"] for entry in store.history(name)] == ["auto", "forced_open"]
