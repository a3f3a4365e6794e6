"""Breakers of a fleet with the thread that keeps them in step, on a real server."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from healing.adapters.redis import BreakerStore, Syncer
from healing.breakers import Breaker, BreakerOpen, State
from healing.breakers.fleet import Ticket
from healing.breakers.permit import Permit
from healing.breakers.registry import Family
from tests.adapters.redis.pods import RULES, Fleet, commands, make_fleet
from tests.real import wait_until
from tests.real.redis import Server

pytestmark = pytest.mark.real("redis")
Make = Callable[..., Fleet]
__all__ = ["make_fleet"]


def trial(breaker: Breaker) -> bool:
    """Make one trial that succeeds, if there is one to be had."""
    if permit := breaker.try_acquire():
        permit.record(True)
        return True
    return False


def test_twenty_pods_with_nine_failures_each_refuse_all_together(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 20, replace(RULES, open_for=5))
    fleet.fail(slice(None), 9)
    fleet.wait_for("open")
    with pytest.raises(BreakerOpen) as refused:
        fleet.pods[0].breaker.acquire()
    assert refused.value.scope == "fleet"


def test_one_bad_pod_refuses_for_itself_alone(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 5, replace(RULES, open_for=60))
    fleet.fail(slice(1), 200)
    assert fleet.pods[0].breaker.state is State.OPEN
    wait_until(lambda: fleet.read().failing == 1)
    assert all(trial(pod.breaker) for pod in fleet.pods[1:])
    assert fleet.read().state == "closed"


def test_two_good_trials_of_any_pods_close_it_everywhere(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 4)
    fleet.open()
    good = 0

    def closed() -> bool:
        nonlocal good
        good += sum(trial(pod.breaker) for pod in fleet.pods if pod.breaker.state != "closed")
        return fleet.read().state == "closed"

    wait_until(closed, within=20)
    fleet.wait_for("closed")
    assert good == RULES.successes_to_close


def test_of_fifty_callers_when_trials_begin_only_the_permitted_reach_the_dependency(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 5, replace(RULES, trial_within=30))
    fleet.open()
    reached: list[Any] = []
    done = threading.Event()

    def call(pod: int) -> None:
        while not done.is_set():
            if permit := fleet.pods[pod].breaker.try_acquire():
                reached.append(permit)  # and never comes back
            done.wait(0.01)

    callers = [threading.Thread(target=call, args=(number % 5,)) for number in range(50)]
    for caller in callers:
        caller.start()
    wait_until(lambda: reached, within=20)
    done.wait(1.0)
    done.set()
    for caller in callers:
        caller.join()
    assert len(reached) == RULES.trials_at_once


def test_a_ticket_that_nobody_wants_is_given_back_and_can_be_had_again(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 2, replace(RULES, trial_within=30))
    fleet.open()
    first, second = (pod.breaker for pod in fleet.pods)
    wait_until(lambda: first.fleet.view and first.clock() > first.fleet.view.until)
    assert first.try_acquire() is None, "the first call only asks for it"
    wait_until(lambda: first.fleet.tickets, every=0.001)
    wait_until(lambda: trial(second))


def test_a_cancelled_trial_gives_its_place_back(redis_server: Server, make_fleet: Make):
    rules = replace(RULES, trials=1, successes_to_close=1, trial_within=30)
    fleet = make_fleet(redis_server, 2, rules)
    fleet.open()
    breaker = fleet.pods[0].breaker
    permits: list[Any] = []
    wait_until(lambda: permits.append(breaker.try_acquire()) or permits[-1], within=20)
    permits[-1].record(None)
    wait_until(lambda: trial(breaker), within=20)
    fleet.wait_for("closed")


def test_a_health_check_makes_the_trials_of_the_fleet(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 2)
    asked: list[None] = []
    fleet.pods[0].breaker.probe_with(lambda: asked.append(None))
    fleet.open()
    fleet.wait_for("closed")
    assert len(asked) == RULES.successes_to_close


def test_a_pod_that_hangs_in_its_trial_wedges_nobody(redis_server: Server, make_fleet: Make):
    rules = replace(RULES, trials=1, successes_to_close=1, trial_within=0.3)
    fleet = make_fleet(redis_server, 2, rules)
    fleet.open()
    hanging, healthy = (pod.breaker for pod in fleet.pods)
    wait_until(hanging.try_acquire, within=20)
    wait_until(lambda: trial(healthy), within=20)
    fleet.wait_for("closed")


def test_an_operators_word_reaches_every_pod_and_ends_by_itself(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 3)
    fleet.control("forced_open", lasts=1500)
    fleet.wait_for("forced_open")
    with pytest.raises(BreakerOpen) as refused:
        fleet.pods[2].breaker.acquire()
    assert refused.value.scope == "operator"
    override = fleet.pods[1].breaker.stats().override
    assert override is not None
    assert (override.by, override.reason) == ("ops", "incident 42")
    breakers = [pod.breaker for pod in fleet.pods]
    wait_until(lambda: all(one.state is not State.FORCED_OPEN for one in breakers))
    trials, refusals = list[Permit](), list[BreakerOpen]()
    for one in breakers:
        try:
            trials.append(one.acquire())
        except BreakerOpen as refusal:
            refusals.append(refusal)
    # A trial of the fleet may be at hand by now, but not one for each.
    assert all(isinstance(permit.ticket, Ticket) for permit in trials)
    assert {(refusal.scope, refusal.cause) for refusal in refusals} == {("fleet", "operator")}
    for permit in trials:
        permit.record(True)
    wait_until(lambda: trial(breakers[0]), within=20)


@pytest.mark.parametrize(
    ("action", "state"), [("disabled", State.DISABLED), ("observing", State.OBSERVING)]
)
def test_an_operator_may_let_all_calls_through_everywhere(
    redis_server: Server, make_fleet: Make, action: str, state: State
):
    fleet = make_fleet(redis_server, 2, replace(RULES, open_for=60))
    fleet.open()
    fleet.control(action)
    fleet.wait_for(state)
    assert all(trial(pod.breaker) for pod in fleet.pods)


def test_terms_an_operator_changed_judge_what_each_pod_has_counted(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 2, replace(RULES, min_calls=50, open_for=60))
    fleet.fail(slice(None), 5)
    wait_until(lambda: fleet.read().failed == 10)
    fleet.control("terms", terms={"min_calls": 10})
    wait_until(lambda: all(pod.breaker.rules.min_calls == 10 for pod in fleet.pods))
    fleet.fail(slice(None), 1)
    fleet.wait_for("open")


def test_in_a_row_the_failures_of_several_pods_are_one_row(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 4, replace(RULES, fail_rate=None, in_a_row=5, open_for=60))
    fleet.fail(slice(None), 2)
    fleet.wait_for("open")


def test_a_pod_that_comes_later_learns_at_once_that_calls_are_refused(
    redis_server: Server, make_fleet: Make
):
    fleet = make_fleet(redis_server, 2, replace(RULES, open_for=60))
    fleet.open()
    fleet.grow(1)
    fleet.wait_for("open")


def test_who_leaves_decides_alone(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 2)
    fleet.open()
    left = fleet.pods[0]
    left.syncer.stop()
    wait_until(lambda: trial(left.breaker), within=20)
    assert left.breaker.fleet.view is None


def test_breakers_by_key_are_shared_by_their_key(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 1)
    parent = Breaker("by-key", RULES, scope="fleet")
    family = Family(parent)
    syncer = Syncer(fleet.store, lambda: [parent, *family.all()])
    syncer.start()
    wait_until(lambda: parent.fleet.view)
    fleet.name = "by-key:eu"
    for _ in range(20):
        family.of("eu").acquire().record(ok=False) if family.of("eu").state == "closed" else None
    wait_until(lambda: fleet.read().state == "open")
    syncer.stop()


def test_a_key_that_is_no_text_keeps_nobody_from_the_fleet(redis_server: Server, make_fleet: Make):
    fleet = make_fleet(redis_server, 1)
    parent = Breaker("by-odd-key", RULES, scope="fleet")
    family = Family(parent)
    odd = family.of(os.fsdecode(b"\xff"))
    syncer = Syncer(fleet.store, lambda: [parent, *family.all()])
    syncer.start()
    wait_until(lambda: parent.fleet.view and odd.fleet.view)
    assert odd.name == "by-odd-key:\\udcff"
    syncer.stop()


def test_one_syncer_serves_a_thousand_breakers(redis_server: Server, make_fleet: Make):
    many = [Breaker(f"many-{number}", RULES, scope="fleet") for number in range(1000)]
    alone = Breaker("many-alone", RULES)
    before = threading.active_count()
    syncer = Syncer(make_fleet(redis_server, 0).store, lambda: [*many, alone])
    syncer.start()
    wait_until(lambda: all(one.fleet.view for one in many), within=20)
    assert threading.active_count() == before + 1
    assert alone.fleet.view is None
    for _ in range(25):
        many[7].acquire().record(ok=False) if many[7].state == "closed" else None
    wait_until(lambda: many[7].state == "open")
    syncer.stop()
    assert threading.active_count() == before


CALLS = 20_000


@pytest.mark.parametrize("state", ["closed", "failing", "open", "half_open"])
def test_no_call_asks_redis_anything(own_server: Server, make_fleet: Make, state: str):
    fleet = make_fleet(own_server, 2, replace(RULES, trial_within=60, min_calls=10 * CALLS))
    caller, other = (pod.breaker for pod in fleet.pods)
    if state in {"open", "half_open"}:
        fleet.control("terms", terms={"min_calls": 20})
        wait_until(lambda: all(pod.breaker.rules.min_calls == 20 for pod in fleet.pods))
        fleet.open()
    if state == "half_open":
        wait_until(other.try_acquire)
        fleet.wait_for("half_open")
    with own_server.client() as client:
        before = sum(commands(client).values())
        for _ in range(CALLS):
            if permit := caller.try_acquire():
                permit.record(state == "closed")
        asked = sum(commands(client).values()) - before
    assert asked < CALLS / 100, "the thread's own turns, however many calls there are"


def test_a_fleet_may_meet_in_a_cluster(cluster_node: Server):
    clients = [cluster_node.form_cluster() for _ in range(2)]
    pods = [Breaker("in-a-cluster", replace(RULES, open_for=0.5), scope="fleet") for _ in clients]
    syncers = [
        Syncer(BreakerStore(client), lambda one=pod: [one])
        for client, pod in zip(clients, pods, strict=True)
    ]
    for syncer in syncers:
        syncer.start()
    wait_until(lambda: all(pod.fleet.view for pod in pods))
    for pod in pods:
        for _ in range(20):
            if permit := pod.try_acquire():
                permit.record(False)
    wait_until(lambda: all(pod.fleet.view and pod.fleet.view.state == "open" for pod in pods))
    wait_until(lambda: [trial(pod) for pod in pods] and pods[1].state is State.CLOSED, within=20)
    for syncer in syncers:
        syncer.stop()
    for client in clients:
        client.close()
