"""When the scripts open a breaker for a whole fleet, on a real Redis and a real Valkey."""

from dataclasses import replace

import pytest

from healing.adapters.redis import BreakerStore
from tests.adapters.redis.reports import TERMS, counted, name, report, store
from tests.real.redis import nap

pytestmark = pytest.mark.real("redis")
__all__ = ["name", "store"]

IN_A_ROW = replace(TERMS, fail_rate=0, in_a_row=5)


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
