import math

import numpy as np
import pytest

from healing.backtest.episodes import Outcome, at_random, outcome_of, runs

STEP = 60


def rows(*true: int, of: int = 10_000) -> np.ndarray:
    flags = np.zeros(of, bool)
    flags[list(true)] = True
    return flags


def span(first: int, last: int, of: int = 10_000) -> np.ndarray:
    flags = np.zeros(of, bool)
    flags[first : last + 1] = True
    return flags


@pytest.mark.parametrize(
    ("alarms", "wrong", "counts"),
    [
        (rows(110), span(100, 130), (1, 1, 1, 1)),
        (rows(), span(100, 130), (1, 0, 0, 0)),
        (rows(99), span(100, 130), (1, 0, 1, 0)),
        (rows(138), span(100, 130), (1, 1, 1, 1)),
        (rows(150), span(100, 130), (1, 0, 1, 0)),
        (rows(105, 5000), span(100, 130), (1, 1, 2, 1)),
        (rows(105, 150, 200), span(100, 130), (1, 1, 1, 1)),
        (rows(131), span(100, 130) | span(131, 140), (1, 1, 1, 1)),
        (rows(136), span(100, 130) | span(134, 140), (2, 1, 1, 1)),
        (rows(0, 9999), rows(), (0, 0, 2, 0)),
        (rows(9999), span(9990, 9999), (1, 1, 1, 1)),
    ],
    ids=[
        "told",
        "missed",
        "before it began is false",
        "soon after its end",
        "long after its end",
        "one true one false",
        "one incident is one episode",
        "events side by side are one",
        "the next event takes its own alarm",
        "nothing was wrong",
        "at the very end",
    ],
)
def test_alarms_are_counted_by_episode(
    alarms: np.ndarray, wrong: np.ndarray, counts: tuple[int, int, int, int]
) -> None:
    found = outcome_of(alarms, wrong, step=STEP)

    assert (found.events, found.found, found.episodes, found.true_episodes) == counts


def test_delay_is_counted_from_where_the_event_began() -> None:
    found = outcome_of(rows(107, 120, 503), span(100, 130) | span(500, 510), step=STEP)

    assert found.delays == (7 * STEP, 3 * STEP)
    assert found.delay == 5 * STEP


def test_rates_are_of_all_series_together() -> None:
    day = 86_400 // STEP
    one = outcome_of(rows(5, of=day), rows(of=day), step=STEP)
    other = outcome_of(rows(of=3 * day), span(9, 12, of=3 * day), step=STEP)

    both = one + other

    assert both.false_per_day == pytest.approx(0.25)
    assert (both.precision, both.recall) == (0.0, 0.0)
    assert math.isnan(Outcome().precision)
    assert math.isnan(Outcome().recall)


def test_thrown_alarms_are_as_many_and_as_long() -> None:
    alarms = span(100, 120) | span(3000, 3004)

    thrown = at_random(alarms, step=STEP, seed=4)

    assert not np.array_equal(thrown, alarms)
    lengths = {int(last - first + 1) for first, last in runs(thrown)}
    assert lengths == {21, 5}
