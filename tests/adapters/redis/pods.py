"""Several breakers of one name, each with a syncer of its own, as in as many processes."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis

from healing.adapters.redis import BreakerStore, Syncer, connect, terms_of
from healing.adapters.redis.standing import Control, FleetStanding
from healing.breakers import Breaker, Rules
from tests.real import wait_until
from tests.real.redis import Server

RULES = Rules(open_for=0.3, jitter=0, trials=2, successes_to_close=2, trial_within=1)


@dataclass
class Pod:
    breaker: Breaker
    syncer: Syncer


@dataclass
class Fleet:
    server: Server
    name: str
    rules: Rules
    pods: list[Pod] = field(default_factory=list[Pod])
    clients: list[Redis] = field(default_factory=list[Redis])

    def __post_init__(self) -> None:
        self.store = self.connect()

    def connect(self) -> BreakerStore:
        self.clients.append(connect(self.server.url))
        return BreakerStore(self.clients[-1])

    def read(self) -> FleetStanding:
        return self.store.read(self.name, terms_of(self.rules))

    def control(self, action: Any, **more: Any) -> None:
        word = Control(action=action, by="ops", why="incident 42", **more)
        assert self.store.control(self.name, terms_of(self.rules), word)[1]

    def grow(self, pods: int) -> "Fleet":
        self.start(pods)
        wait_until(lambda: self.read().members >= pods)
        return self

    def start(self, pods: int) -> None:
        for _ in range(pods):
            breaker = Breaker(self.name, self.rules, scope="fleet")
            syncer = Syncer(self.connect(), lambda one=breaker: [one])
            syncer.start()
            self.pods.append(Pod(breaker, syncer))

    def wait_for(self, state: str) -> None:
        """Wait until every pod does so, and because the fleet says so."""

        def is_so(one: Breaker) -> bool:
            view = one.fleet.view
            said = view and (view.override.state if view.override else view.state)
            return said == one.state == state

        wait_until(lambda: all(is_so(pod.breaker) for pod in self.pods), within=20)

    def fail(self, pods: slice, times: int) -> None:
        for pod in self.pods[pods]:
            for _ in range(times):
                if permit := pod.breaker.try_acquire():
                    permit.record(False)

    def open(self) -> None:
        self.fail(slice(None), 20)
        self.wait_for("open")

    def disband(self) -> None:
        for pod in self.pods:
            pod.syncer.stop()
        for client in self.clients:
            client.close()


@pytest.fixture
def make_fleet(request: pytest.FixtureRequest) -> Generator[Callable[..., Fleet]]:
    """Makes fleets that are disbanded before their server goes."""
    made: list[Fleet] = []

    def make(server: Server, pods: int, rules: Rules = RULES, name: str = "") -> Fleet:
        fleet = Fleet(server, name or f"{request.node.name}-{len(made)}", rules)
        made.append(fleet)
        return fleet.grow(pods)

    yield make
    for fleet in made:
        fleet.disband()


def commands(client: Redis) -> dict[str, int]:
    """Count the calls of each command there were."""
    stats: Any = client.info("commandstats")
    return {key.removeprefix("cmdstat_"): value["calls"] for key, value in stats.items()}
