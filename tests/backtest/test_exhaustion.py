import math
from datetime import timedelta

import numpy as np
import pytest

from healing.backtest.exhaustion import Foretold, look_ahead, replay_exhaustion, usual_capacity
from healing.history import History
from healing.names import SignalName
from healing.policy.exhausting import Word

MEMORY = SignalName("memory_percent")
STEP = 300
WINDOW = timedelta(hours=24)


def history(values: np.ndarray) -> History:
    return History(start=0, step=STEP, signals=(MEMORY,), values=values[:, None])


def replay(values: np.ndarray) -> tuple[Foretold, Foretold]:
    return replay_exhaustion(history(values), MEMORY, 100.0, window=WINDOW)


def test_a_steady_leak_is_due_for_a_day_and_told_with_a_small_error() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 1000)
    leak = np.minimum(20 + 0.1 * np.arange(1000), 100) + noise

    ours, linear = replay(leak)

    assert ours.due == linear.due == 24
    assert ours.false_points == linear.false_points == 0
    assert linear.recall == pytest.approx(1.0, abs=0.05)
    assert linear.error < 0.05
    assert ours.recall > 0.5
    assert ours.error < 0.2
    assert (ours.fills, linear.fills) == (1, 1)
    assert ours.fills_told == 1.0
    assert 12 * 3600 < ours.lead <= 24 * 3600


def test_what_never_fills_up_is_never_due_and_every_alarm_is_false() -> None:
    day = np.arange(288 * 6) / 288
    waves = 60 + 20 * np.sin(2 * np.pi * day)

    ours, linear = replay(waves)

    assert (ours.due, ours.false_episodes) == (0, 0)
    assert math.isnan(ours.recall)
    assert math.isnan(ours.fills_told)
    assert math.isnan(ours.lead)
    assert linear.false_per_day > 0.5
    assert linear.false_points > linear.false_episodes


def test_the_future_changes_no_forecast() -> None:
    leak = 20 + 0.1 * np.arange(700)
    other = leak.copy()
    other[650:] = 5.0

    one, two = replay(leak[:600]), replay(other[:600])

    assert (one[0].points, one[0].told) == (two[0].points, two[0].told)


def test_an_alarm_for_a_time_that_was_not_recorded_is_not_called_false() -> None:
    leak = 20 + 0.1 * np.arange(700)

    assert replay(leak[:700])[1].false_points == 0


@pytest.mark.parametrize(
    ("memory", "exhausts", "word"),
    [
        pytest.param(20 + 0.1 * np.arange(700), True, Word.LASTS, id="looks say so"),
        pytest.param(
            2 + 0.5 * np.maximum(np.arange(700) - 664, 0), True, Word.HEADROOM, id="much is free"
        ),
        pytest.param(np.full(700, 50.0), False, Word.NOT_SOON, id="it does not grow"),
    ],
)
def test_a_look_ahead_is_an_alarm_where_policy_says_so(
    memory: np.ndarray, exhausts: bool, word: Word
) -> None:
    told, alarm = look_ahead(history(memory), MEMORY, 100.0, window=WINDOW)

    assert (told.exhausts, alarm.word) == (exhausts, word)


@pytest.mark.parametrize(
    ("name", "capacity"),
    [
        ("memory_percent", 100.0),
        ("disk_used_ratio", 1.0),
        ("cpu_percent", None),
        ("memory_bytes", None),
    ],
    ids=["percent", "ratio", "does not add up", "unknown"],
)
def test_some_names_tell_where_it_is_full(name: str, capacity: float | None) -> None:
    assert usual_capacity(SignalName(name)) == capacity
