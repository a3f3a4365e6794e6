"""Where signals are full is asked for all of them at once, and remembered."""

from datetime import timedelta

import numpy as np
import pytest

from healing.adapters.prometheus import Patience, PrometheusSource
from healing.names import SignalName
from healing.services import Signal
from healing.watching.capacities import Capacities
from tests.metrics import EPOCH, NOON
from tests.real.prometheus import MakePrometheus, openmetrics

PATIENCE = Patience(timeout=5.0, tries=2, first_wait=0.0)


def full_at(capacity: float | str | None, name: str = "memory") -> Signal:
    return Signal(name=SignalName(name), query="m", capacity=capacity)


@pytest.mark.real("prometheus")
def test_capacities_are_what_the_store_says_and_stay_so_while_it_is_silent(
    make_prometheus: MakePrometheus,
) -> None:
    times = EPOCH + 60 * np.arange(-5, 1)
    limits = {f'limit{{name="{n}"}}': (times, np.full(6, 100.0 + n)) for n in range(40)}
    server = make_prometheus(openmetrics(limits))
    asked = [full_at(f'limit{{name="{n}"}}', f"s{n}") for n in range(40)]
    never = [
        full_at("limit", "several"),
        full_at("nothing", "empty"),
        full_at("limit{", "wrong"),
        full_at("vector(0) / 0", "not a number"),
        full_at("vector(1)[5m:1m]", "a range"),
        full_at('"plenty"', "a word"),
    ]
    given = [
        full_at(7.0, "given"),
        full_at("3 * 4", "scalar"),
        full_at(None, "endless"),
        full_at(0, "no limit"),
    ]
    capacities, source = Capacities(), PrometheusSource(server.url, patience=PATIENCE)

    found = capacities.of([*asked, *never, *given], source, now=NOON)

    expected = {f"s{n}": 100.0 + n for n in range(40)} | {"given": 7.0, "scalar": 12.0}
    assert {signal.name: capacity for signal, capacity in found.items()} == expected

    server.stop()
    later = capacities.of([*asked, *never, *given], source, now=NOON + timedelta(minutes=1))
    assert later == found


def test_a_store_that_is_silent_is_asked_once_for_all_of_them() -> None:
    waits = list[float]()
    source = PrometheusSource("http://127.0.0.1:9", patience=PATIENCE, sleep=waits.append)

    found = Capacities().of([full_at(f"limit_{n}") for n in range(500)], source, now=NOON)

    assert found == {}
    assert len(waits) == PATIENCE.tries - 1
