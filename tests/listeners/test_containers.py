"""Listening to a real engine."""

from dataclasses import replace
from datetime import timedelta

from deployments.demo.engine import Engine
from healing.adapters.docker import DockerHost
from healing.diagnosis import Chronicle
from healing.instances import What
from healing.listeners.containers import ContainerListener
from healing.roster import Roll
from healing.services import Stack
from healing.wiring import utc_now
from tests.stories import happened


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
