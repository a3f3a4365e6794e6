"""Listening to a real engine."""

from dataclasses import replace
from datetime import datetime, timedelta

from deployments.demo.engine import Engine
from healing.adapters.docker import DockerHost
from healing.diagnosis import Chronicle
from healing.diagnosis.chronicle import was_taken_along
from healing.instances import Happening, Instance, What
from healing.listeners.containers import ContainerListener
from healing.roster import Roll
from healing.services import Stack
from healing.wiring import utc_now
from tests.stories import API_1, NOON, STOPPED, exited, happened


def test_a_clock_that_was_set_back_does_not_keep_it_from_catching_up(
    docker_engine: Engine,
) -> None:
    host = DockerHost(docker_engine.url)
    roll = Roll(lambda _: Stack({}))
    listener = ContainerListener(host, roll, Chronicle(), lambda _: None, utc_now)
    an_hour_ahead = utc_now() + timedelta(hours=1)

    listener.hear(replace(happened(What.DIED, 0), at=an_hour_ahead))
    listener.catch_up()

    assert listener.reconciled_at is not None
    host.close()


class Restarted:
    """An engine that was started anew: it remembers nothing."""

    def __init__(self, *instances: Instance) -> None:
        self._instances = instances

    def instances(self) -> tuple[Instance, ...]:
        return self._instances

    def inspect(self, name: str) -> Instance:
        return next(one for one in self._instances if one.name == name)

    def happened(self, *, since: datetime) -> tuple[Happening, ...]:
        return ()


def test_what_an_engine_took_along_is_known_once_it_is_back() -> None:
    chronicle = Chronicle()
    roll = Roll(lambda _: Stack({}))
    host = Restarted(exited(0))
    listener = ContainerListener(host, roll, chronicle, lambda _: None, lambda: NOON)

    for one in STOPPED:
        listener.hear(one)
    listener.catch_up()

    assert was_taken_along(chronicle.of(API_1))
