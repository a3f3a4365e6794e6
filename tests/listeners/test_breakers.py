"""From an opening in a real Redis to a finding."""

from datetime import UTC, datetime

import pytest

from healing.adapters.redis import BreakerStore, RedisFleet, connect
from healing.finding import Finding, Kind
from healing.incidents import Remedy
from healing.listeners.breakers import BreakerListener
from healing.settings.recovery_actions import RecoveryAction
from healing.watching import FleetWatch
from tests.breakers.fleet_story import Applications, some_name
from tests.real import wait_until
from tests.real.redis import Server

pytestmark = pytest.mark.real("redis")


class Story:
    def __init__(self, server: Server) -> None:
        self.apps = Applications(server.port)
        self.with_action, self.without = some_name(), some_name()
        self.noticed: list[tuple[Finding, Remedy | None]] = []
        fleet = RedisFleet(BreakerStore(connect(server.url)))
        watch = FleetWatch(fleet, (), lambda: datetime.now(UTC))
        actions = {self.with_action: RecoveryAction("restart_service", Remedy.RESTART)}
        self.listener = BreakerListener(watch, actions.get, self.notice)

    def notice(self, finding: Finding, *, remedy: Remedy | None = None) -> None:
        self.noticed.append((finding, remedy))


def test_an_opening_with_an_action_is_noticed_and_one_without_is_not(redis_server: Server) -> None:
    story = Story(redis_server)
    for name in (story.with_action, story.without):
        story.apps.use(name, ok=1)
    story.listener.look()
    for name in (story.with_action, story.without):
        story.apps.open(name)
    story.listener.look()

    ((finding, remedy),) = story.noticed
    assert (finding.service, finding.kind) == (story.with_action, Kind.BREAKER_OPEN)
    assert finding.detail.endswith("its recovery_action is restart_service")
    assert remedy is Remedy.RESTART


def test_its_thread_goes_on_after_redis_was_away(own_server: Server) -> None:
    story = Story(own_server)
    story.apps.use(story.with_action, ok=1)
    story.listener.start()
    try:
        wait_until(lambda: story.listener.watch.get(story.with_action))
        own_server.pause()
        wait_until(lambda: not story.listener.watch.is_fresh())
        own_server.resume()
        wait_until(story.listener.watch.is_fresh)
        story.apps.open(story.with_action)
        wait_until(lambda: story.noticed)
    finally:
        story.listener.stop()


def test_without_a_shared_state_there_is_no_thread() -> None:
    watch = FleetWatch(None, ("db",), lambda: datetime.now(UTC))
    assert BreakerListener(watch, lambda _: None, print).start() == []
