"""A container fails its callers and looks well to every probe: only their breaker knows."""

import contextlib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from healing.breakers import LastSeconds
from tests.adapters.redis.pods import RULES, Fleet, make_fleet
from tests.real import wait_until
from tests.real.agent import Agent, MakeAgent
from tests.real.docker import Container, MakeContainer
from tests.real.redis import Server
from tests.scenarios.world import MOODY_SERVER, address_of, is_ended, service, starts_of

pytestmark = pytest.mark.real("redis")
__all__ = ["make_fleet"]


def ask(container: Container, path: str) -> None:
    urllib.request.urlopen(f"http://{address_of(container)}:8080{path}", timeout=1).close()


@contextlib.contextmanager
def callers(fleet: Fleet, container: Container) -> Iterator[None]:
    """One caller for each breaker, with no patience of its own."""
    done = threading.Event()

    def call(number: int) -> None:
        breaker = fleet.pods[number].breaker
        while not done.wait(0.02):
            if permit := breaker.try_acquire():
                try:
                    ask(container, "/")
                except OSError:
                    permit.record(False)
                else:
                    permit.record(True)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(fleet.pods))]
    for thread in threads:
        thread.start()
    yield
    done.set()
    for thread in threads:
        thread.join()


def knows(healer: Agent, state: str) -> bool:
    _, shown = healer.ask("GET", "/circuit-breakers/web")
    return shown["state"] == state and shown["calls"] > 0


def test_it_is_restarted_and_tried_out_before_its_callers_are_let_through(
    agent: MakeAgent,
    container: MakeContainer,
    own_server: Server,
    make_fleet: Callable[..., Fleet],
) -> None:
    web = container(MOODY_SERVER)
    healer = agent(
        {"web": service(web)},
        storage={"redis_url": own_server.url},
        circuit_breakers={"services": {"web": {"recovery_action": "restart_service"}}},
    )
    healer.wait_until_well("web")
    fleet = make_fleet(
        own_server, 3, replace(RULES, window=LastSeconds(10), open_for=600), name="web"
    )
    with callers(fleet, web):
        wait_until(lambda: knows(healer, "closed"))
        with contextlib.suppress(OSError):
            ask(web, "/break")
        story = healer.wait_for(is_ended, service="web", within=60)
        fleet.wait_for("closed")
        wait_until(lambda: fleet.read().calls > 0)

    assert (story["ending"], story["cause"]) == ("healed", "calls_fail")
    assert starts_of(web) == 2, "by us, and by the agent"
    assert 'circuit_breaker_state{name="web",state="closed"} 1.0' in healer.metrics()
