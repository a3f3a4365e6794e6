"""Trials of a whole fleet: never more than permitted, never wedged, on a real server."""

import itertools
from dataclasses import replace

import pytest

from healing.adapters.redis import BreakerStore
from tests.adapters.redis.reports import TERMS, half_open, name, opened, store
from tests.real import wait_until
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")
__all__ = ["name", "store"]


def test_asking_again_with_the_same_token_takes_no_second_trial(
    store: BreakerStore, name: str
) -> None:
    terms = replace(TERMS, trials=1, successes_to_close=1, trial_within=5000)
    lease = half_open(store, name, terms)
    _, again = store.ticket(name, terms, lease.token)
    assert again is not None
    assert again.epoch == lease.epoch
    assert again.lasts <= lease.lasts


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
