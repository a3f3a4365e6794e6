"""What a fleet's breakers do while Redis is away, slow, empty, or has lost what it knew."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from healing.adapters.redis.keys import CHANGED
from healing.breakers import Breaker, BreakerOpen, State
from tests.adapters.redis.pods import RULES, Fleet, make_fleet
from tests.real import wait_until
from tests.real.redis import Server

pytestmark = pytest.mark.real("redis")
Make = Callable[..., Fleet]
__all__ = ["make_fleet"]


def call(breaker: Breaker, times: int, *, ok: bool = True) -> None:
    for _ in range(times):
        breaker.acquire().record(ok)


def away(fleet: Fleet) -> None:
    wait_until(lambda: all(pod.syncer.is_away for pod in fleet.pods))


def back(fleet: Fleet) -> None:
    wait_until(lambda: not any(pod.syncer.is_away for pod in fleet.pods), within=20)


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_without_redis_calls_pass_and_the_own_window_decides(
    own_server: Server, make_fleet: Make, how: str
):
    fleet = make_fleet(own_server, 3, replace(RULES, open_for=10))
    bad, good = fleet.pods[0].breaker, fleet.pods[1].breaker
    call(bad, 1)
    wait_until(lambda: fleet.read().calls == 1)
    own_server.stop() if how == "stopped" else own_server.pause()
    wait_until(lambda: bad.fleet.view is None and good.fleet.view is None)
    fleet.fail(slice(1), 20)
    call(good, 100)
    assert (bad.state, good.state) == (State.OPEN, State.CLOSED)
    with pytest.raises(BreakerOpen) as refused:
        bad.acquire()
    assert refused.value.scope == "process"
    # Three processes that do not know of each other try as often as one.
    assert 10 < (refused.value.retry_after or 0) <= 30


def test_every_call_counts_once_when_redis_was_paused_in_between(
    own_server: Server, make_fleet: Make
):
    fleet = make_fleet(own_server, 2, replace(RULES, min_calls=10_000))
    for _ in range(3):
        own_server.pause()
        for pod in fleet.pods:
            call(pod.breaker, 10, ok=False)
            call(pod.breaker, 10)
        away(fleet)
        own_server.resume()
        back(fleet)
    wait_until(lambda: fleet.read().calls >= 120)
    assert (fleet.read().calls, fleet.read().failed) == (120, 60)


def test_a_verdict_holds_until_its_time_and_then_each_tries_by_itself(
    own_server: Server, make_fleet: Make
):
    fleet = make_fleet(own_server, 2, replace(RULES, open_for=2))
    fleet.open()
    own_server.stop()
    away(fleet)
    breaker = fleet.pods[0].breaker
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    assert refused.value.scope == "fleet"
    wait_until(lambda: breaker.fleet.view is None)
    assert breaker.state is State.OPEN
    wait_until(breaker.try_acquire)


def test_an_operators_word_holds_on_without_redis(own_server: Server, make_fleet: Make):
    fleet = make_fleet(own_server, 2)
    fleet.control("forced_open")
    fleet.wait_for("forced_open")
    own_server.stop()
    away(fleet)
    assert all(pod.breaker.state is State.FORCED_OPEN for pod in fleet.pods)


def test_a_server_that_was_flushed_is_told_what_it_forgot(own_server: Server, make_fleet: Make):
    fleet = make_fleet(own_server, 3, replace(RULES, open_for=60))
    fleet.open()
    fleet.control("terms", terms={"min_calls": 7})
    epoch = fleet.read().epoch
    with own_server.client() as client:
        client.flushall()
    wait_until(lambda: fleet.read().epoch == epoch)
    again = fleet.read()
    assert (again.state, again.terms) == ("open", {"min_calls": 7})
    assert 50_000 < again.left <= 60_000


def test_what_an_operator_says_to_a_server_that_was_flushed_holds(
    own_server: Server, make_fleet: Make
):
    fleet = make_fleet(own_server, 2)
    for _ in range(3):
        fleet.control("reset")
    fleet.control("terms", terms={"min_calls": 7})
    wait_until(lambda: all(pod.breaker.rules.min_calls == 7 for pod in fleet.pods))
    with own_server.client() as client:
        client.flushall()
    fleet.control("forced_open")
    fleet.wait_for("forced_open")
    said = fleet.read()
    assert (said.mode, said.why, said.terms) == ("forced_open", "incident 42", {"min_calls": 7})


def test_a_server_that_lost_its_last_writes_is_told_again(own_server: Server, make_fleet: Make):
    fleet = make_fleet(own_server, 3, replace(RULES, open_for=60))
    with own_server.client() as client:
        client.save()
    fleet.open()
    own_server.stop()
    own_server.start()
    back(fleet)
    wait_until(lambda: fleet.read().state == "open")
    assert all(pod.breaker.state is State.OPEN for pod in fleet.pods)


def test_a_process_that_began_without_redis_joins_when_it_comes(
    own_server: Server, make_fleet: Make
):
    fleet = make_fleet(own_server, 0)
    own_server.stop()
    fleet.start(1)
    away(fleet)
    call(fleet.pods[0].breaker, 30)
    own_server.start()
    back(fleet)
    wait_until(lambda: fleet.read().calls == 30)


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_that_redis_is_away_is_said_once_however_long_it_lasts(
    own_server: Server, make_fleet: Make, caplog: pytest.LogCaptureFixture, how: str
):
    caplog.set_level("INFO")
    fleet = make_fleet(own_server, 1)
    own_server.stop() if how == "stopped" else own_server.pause()
    away(fleet)
    turns = fleet.pods[0].syncer
    wait_until(lambda: turns.failures >= 4, within=20)
    own_server.start() if how == "stopped" else own_server.resume()
    back(fleet)
    said = [r.message for r in caplog.records if r.name == "healing.adapters.redis.syncer"]
    assert [line.split(":")[0].split(" breakers=")[0] for line in said] == [
        "breakers decide without the fleet",
        "the shared state answers again",
    ]


def test_word_that_nobody_understands_ends_no_listening(own_server: Server, make_fleet: Make):
    fleet = make_fleet(own_server, 2)
    with own_server.client() as client:
        wait_until(lambda: client.pubsub_numsub(CHANGED)[0][1] == 2)
        for garbage in ("garbage", "", b"\xff\xfe 1", "1.5 x"):
            client.publish(CHANGED, garbage)
    fleet.control("forced_open")
    fleet.wait_for("forced_open")


def test_what_was_refused_in_the_name_of_the_fleet_passes_when_the_fleet_is_well_again(
    own_server: Server, make_fleet: Make
):
    fleet = make_fleet(own_server, 2, replace(RULES, open_for=1))
    fleet.open()
    own_server.pause()
    breaker = fleet.pods[0].breaker
    wait_until(lambda: breaker.fleet.view is None)
    assert breaker.state is not State.CLOSED
    own_server.resume()
    back(fleet)
    fleet.control("reset")
    fleet.wait_for("closed")
    call(breaker, 1)
