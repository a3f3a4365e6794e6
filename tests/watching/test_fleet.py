"""Following the breakers of a fleet, on a real Redis."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from healing.adapters.redis import BreakerStore, Control, RedisFleet, connect
from healing.breakers import Because, State
from healing.breakers.operating import Command, FleetBreaker, Lever
from healing.watching import FleetWatch
from healing.watching.fleet import ALL_NAMES_EVERY, REFRESHED
from tests.breakers.fleet_story import TERMS, Applications, some_name
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")


@pytest.fixture
def apps(redis_server: Server) -> Applications:
    return Applications(redis_server.port)


@pytest.fixture
def name() -> str:
    return some_name()


def watching(server: Server, *configured: str) -> FleetWatch:
    fleet = RedisFleet(BreakerStore(connect(server.url)))
    return FleetWatch(fleet, configured, lambda: datetime.now(UTC))


@pytest.fixture
def watch(redis_server: Server) -> FleetWatch:
    return watching(redis_server)


def openings(watch: FleetWatch, name: str) -> list[FleetBreaker]:
    return [one for one in watch.look() if one.name == name]


def test_an_opening_is_told_once(watch: FleetWatch, apps: Applications, name: str) -> None:
    apps.use(name, ok=1)
    assert openings(watch, name) == []
    apps.open(name)
    (opened,) = openings(watch, name)
    assert (opened.failed, opened.failing) == (21, 3)
    assert openings(watch, name) == []


def test_one_that_is_open_when_we_come_is_no_news_until_it_opens_anew(
    watch: FleetWatch, apps: Applications, name: str
) -> None:
    apps.open(name)
    assert openings(watch, name) == []
    apps.fail_a_trial(name)
    assert len(openings(watch, name)) == 1


def test_what_a_person_forces_is_no_opening(
    watch: FleetWatch, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    watch.look()
    watch.pull(name, Command(lever=Lever.FORCE_OPEN, by="ops", reason="incident 42"))
    assert openings(watch, name) == []
    seen = watch.get(name)
    assert seen is not None
    assert seen.state is State.FORCED_OPEN


def test_counts_of_a_breaker_that_does_not_change_are_read_anew(
    watch: FleetWatch, apps: Applications, name: str
) -> None:
    apps.use(name, ok=1)
    watch.look()
    apps.use(name, ok=5)
    watch.look()
    seen = watch.get(name)
    assert seen is not None
    assert seen.calls == 18


def test_a_round_asks_about_what_changed_and_a_few_more_however_many_there_are(
    own_server: Server,
) -> None:
    apps, watch = Applications(own_server.port), watching(own_server)
    for number in range(3 * REFRESHED):
        apps.use(f"quiet-{number}", ok=1)
    with own_server.client() as client:
        (index,) = client.keys("*:index")
        long_ago = time.time() * 1000 - 60_000
        client.zadd(index, dict.fromkeys(client.zrange(index, 0, -1), long_ago))
        watch.look()
        apps.open("quiet-7")
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        (opened,) = watch.look()
        asked = client.info("commandstats")["cmdstat_evalsha"]["calls"] - before
    assert opened.name == "quiet-7"
    assert asked <= REFRESHED + 1, "quiet-7, and those seen longest ago"


def test_what_a_broken_round_missed_the_next_one_finds(own_server: Server) -> None:
    apps, watch = Applications(own_server.port), watching(own_server)
    apps.use("a", ok=1)
    watch.look()
    apps.open("a")
    own_server.pause()
    assert watch.look() == []
    assert not watch.is_fresh()
    own_server.resume()
    assert [one.name for one in watch.look()] == ["a"]
    assert watch.is_fresh()


def test_a_flushed_server_that_is_told_the_same_opening_again_is_no_news(
    own_server: Server,
) -> None:
    apps, watch = Applications(own_server.port), watching(own_server)
    terms = replace(TERMS, open_for=60_000)
    apps.use("a", ok=1, terms=terms)
    watch.look()
    apps.open("a", terms)
    assert len(watch.look()) == 1
    known = apps.store.read("a", terms)
    with own_server.client() as client:
        client.flushall()
    assert watch.look() == []
    apps.store.republish(known, terms)
    assert watch.look() == []
    seen = watch.get("a")
    assert seen is not None
    assert seen.state is State.OPEN


def test_what_nobody_uses_any_more_is_forgotten_and_what_the_file_names_is_not(
    own_server: Server,
) -> None:
    apps, watch = Applications(own_server.port), watching(own_server, "db")
    apps.use("gone", ok=1)
    apps.store.control("db", None, Control(action="reset", by="ops", why=""))
    watch.look()
    assert set(watch.sight().breakers) == {"db", "gone"}
    with own_server.client() as client:
        client.flushall()
    looks(watch, ALL_NAMES_EVERY)
    assert set(watch.sight().breakers) == {"db"}


def looks(watch: FleetWatch, times: int) -> Sequence[FleetBreaker]:
    return [one for _ in range(times) for one in watch.look()]


def test_a_follower_that_hangs_does_not_pass_for_fresh(redis_server: Server) -> None:
    now = datetime.now(UTC)
    times = [now, now + timedelta(seconds=61)]
    fleet = RedisFleet(BreakerStore(connect(redis_server.url)))
    watch = FleetWatch(fleet, (), lambda: times[0] if len(times) == 2 else times[-1])
    watch.look()
    assert watch.is_fresh()
    times.pop(0)
    assert watch.sight().why_stale == "seen 61 s ago"


def test_a_trial_that_is_over_time_is_seen_to(
    watch: FleetWatch, apps: Applications, name: str
) -> None:
    terms = replace(TERMS, trial_within=30)
    apps.open(name, terms)
    nap(45)
    apps.store.ticket(name, terms, "lost")
    watch.look()
    seen = watch.get(name)
    assert seen is not None
    assert seen.state is State.HALF_OPEN


def test_a_reason_of_a_newer_version_blinds_nobody(
    watch: FleetWatch, apps: Applications, name: str, redis_server: Server
) -> None:
    apps.open(name, replace(TERMS, open_for=60_000))
    with redis_server.client() as client:
        (standing,) = client.keys(f"*:b:{name}")
        client.hset(standing, "because", "full_moon")
    watch.look()
    seen = watch.get(name)
    assert seen is not None
    assert (seen.state, seen.because) == (State.OPEN, Because.FLEET)
    assert watch.is_fresh()
