"""A recovery that holds the fleet's trial, on a real Redis."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from healing.adapters.redis import BreakerStore, RedisFleet, connect
from healing.recovery.trials import Trials
from healing.watching import FleetWatch
from tests.breakers.fleet_story import TERMS, Applications, some_name
from tests.real.redis import Server, nap

pytestmark = pytest.mark.real("redis")


class Story:
    def __init__(self, server: Server) -> None:
        self.name = some_name()
        self.apps = Applications(server.port)
        self.fleet = RedisFleet(BreakerStore(connect(server.url)))
        self.watch = FleetWatch(self.fleet, (), lambda: datetime.now(UTC))
        self.trials = Trials(self.fleet, self.watch.get)
        self.checks = 0

    def trial(self, *, ok: bool, act: str = "first") -> str:
        self.watch.look()

        def check() -> bool:
            self.checks += 1
            return ok

        return self.trials.settle_by(self.name, check, act=act)

    def state(self) -> str:
        return self.apps.store.read(self.name, TERMS).state


@pytest.fixture
def story(redis_server: Server) -> Story:
    return Story(redis_server)


def test_good_health_checks_close_it_before_any_user_asks(story: Story) -> None:
    terms = replace(TERMS, open_for=60_000)
    story.apps.open(story.name, terms)
    _, lease = story.apps.store.ticket(story.name, terms, "a user")
    assert lease is None, "users wait for the time"

    assert story.trial(ok=True).endswith("2 good, 0 bad; it is closed now")
    assert (story.state(), story.checks) == ("closed", TERMS.successes_to_close)


def test_a_bad_health_check_opens_it_again(story: Story) -> None:
    story.apps.open(story.name)
    nap(TERMS.open_for + 5)
    terms = replace(TERMS, trials=1, successes_to_close=1)
    story.apps.use(story.name, terms=terms)
    assert story.trial(ok=False).endswith("0 good, 1 bad; it is open now")
    assert story.state() == "open"


def test_one_bad_health_check_ends_the_turn(story: Story) -> None:
    story.apps.open(story.name, replace(TERMS, trials=5))
    assert story.trial(ok=False).endswith("0 good, 1 bad; it is half open now")
    assert story.checks == 1


def test_a_health_check_that_raises_is_a_failed_trial(story: Story) -> None:
    story.apps.open(story.name)
    nap(TERMS.open_for + 5)
    story.watch.look()

    def broken() -> bool:
        raise RuntimeError

    terms = replace(TERMS, trials=1, successes_to_close=1)
    story.apps.use(story.name, terms=terms)
    with pytest.raises(RuntimeError):
        story.trials.settle_by(story.name, broken, act="first")
    assert story.state() == "open"


def test_when_it_opens_again_its_callers_know_better_until_the_next_act(story: Story) -> None:
    terms = replace(TERMS, open_for=60_000)
    story.apps.open(story.name, terms)
    assert story.trial(ok=True).endswith("closed now")
    story.apps.open(story.name, terms)
    assert story.trial(ok=True) == ""
    assert story.state() == "open"
    assert story.trial(ok=True, act="second").endswith("closed now")


def test_one_that_opens_a_moment_after_the_act_is_tried_out_as_well(story: Story) -> None:
    story.apps.use(story.name, ok=1)
    assert story.trial(ok=True) == ""
    story.apps.open(story.name)
    assert story.trial(ok=True).endswith("closed now")


def test_while_users_try_it_out_the_recovery_waits_for_its_turn(story: Story) -> None:
    story.apps.open(story.name)
    nap(TERMS.open_for + 5)
    for number in range(TERMS.trials_at_once):
        assert story.apps.store.ticket(story.name, TERMS, f"user-{number}")[1] is not None
    assert story.trial(ok=True) == ""
    assert story.checks == 0


def test_a_breaker_that_lets_calls_through_is_not_asked_about(
    own_server: Server,
) -> None:
    story = Story(own_server)
    story.apps.use(story.name, ok=1)
    story.watch.look()
    own_server.stop()
    assert story.trials.settle_by(story.name, lambda: True, act=1) == ""


def test_with_redis_away_the_recovery_goes_on_without_a_trial(own_server: Server) -> None:
    story = Story(own_server)
    story.apps.open(story.name)
    story.watch.look()
    own_server.stop()
    assert story.trials.settle_by(story.name, lambda: True, act=1) == ""


def test_without_a_shared_state_there_is_nothing_to_try() -> None:
    assert Trials(None, lambda _: None).settle_by("a", lambda: True, act=1) == ""
