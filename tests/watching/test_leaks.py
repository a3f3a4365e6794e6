from datetime import timedelta

import numpy as np
import pytest

from healing.leak import Because
from healing.names import SignalName
from healing.services import Signal
from healing.settings.sections.predictive_monitoring import PredictiveMonitoring
from healing.watching.leaks import leak_of
from tests.metrics import MIB, NOON, history_of

GROWING = MIB * (100 + 0.5 * np.maximum(0, np.arange(1440) - 840))
LIMIT = 512 * MIB


def signal(name: str) -> Signal:
    return Signal(name=SignalName(name), query=name, unit="bytes", capacity=LIMIT)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(1440)


@pytest.mark.parametrize("name", ["memory", "open_connections", "file_descriptors"])
def test_what_a_process_holds_on_to_may_leak(name: str) -> None:
    history = history_of(60, **{name: GROWING + MIB * noise(0)})

    leak = leak_of(history, signal(name), LIMIT, now=NOON, restarts=())

    assert leak is not None
    assert leak.leaks


def test_what_a_process_does_not_hold_cannot_leak() -> None:
    history = history_of(60, cpu=GROWING)

    assert leak_of(history, signal("cpu"), LIMIT, now=NOON, restarts=()) is None


def test_load_and_resident_memory_are_found_by_their_names() -> None:
    memory = GROWING + MIB * noise(0)
    driven = history_of(60, memory=memory, requests=GROWING / MIB + noise(1))
    cached = history_of(60, memory=memory, memory_rss=MIB * (90 + noise(2)))

    told = [
        leak_of(history, signal("memory"), LIMIT, now=NOON, restarts=())
        for history in (driven, cached)
    ]

    assert [leak and leak.because for leak in told] == [Because.LOAD, Because.CACHE]


@pytest.mark.parametrize(
    ("monitoring", "ahead"),
    [
        pytest.param({}, "30m", id="as delivered"),
        pytest.param({"resource_exhaustion": {"lead_time": "2h"}}, "2h", id="told earlier"),
        pytest.param({"resource_exhaustion": {"lead_time": "5m"}}, "30m", id="never later"),
    ],
)
def test_an_alarm_comes_as_early_as_a_person_wants_to_know(monitoring: dict, ahead: str) -> None:
    settings = PredictiveMonitoring.model_validate({"alerts": monitoring})

    wanted = {"30m": timedelta(minutes=30), "2h": timedelta(hours=2)}[ahead]
    assert settings.exhaustion_window == wanted
