import numpy as np
import pytest

from healing.anomaly import Scores
from healing.names import SignalName
from healing.policy.guards import direction_of, least_deviation, worth_telling
from healing.services import Direction, Signal

UP, DOWN, BOTH = Direction.UP, Direction.DOWN, Direction.BOTH


def signal(name: str = "requests", **configured) -> Signal:
    return Signal(name=SignalName(name), query="up", **configured)


def scores(usual, off, shares) -> Scores:
    """One row, of as many signals as there are numbers."""
    row = [np.array([numbers], np.float64) for numbers in (shares, usual, off)]
    names = tuple(SignalName(f"s{k}") for k in range(len(usual)))
    return Scores(
        start=0,
        step=60,
        signals=names,
        values=np.array([0.999]),
        ranks=np.array([0.999]),
        together=np.array([3.0]),
        shares=row[0],
        usual=row[1],
        off=row[2],
        strayed=row[2].T,
        moved=np.zeros(len(usual)),
        hours=np.zeros(len(usual), np.int64),
    )


@pytest.mark.parametrize(
    ("one", "direction"),
    [
        (signal("requests"), BOTH),
        (signal("memory_percent"), UP),
        (signal("heap.used"), UP),
        (signal("latency-p99"), UP),
        (signal("downloads"), BOTH),
        (signal("workload"), BOTH),
        (signal("sessions", capacity=100.0), UP),
        (signal("memory", direction=BOTH), BOTH),
        (signal("requests", direction=DOWN), DOWN),
    ],
    ids=lambda one: one.name if isinstance(one, Signal) else one,
)
def test_only_much_is_bad_of_what_fills_up_and_of_what_is_waited_for(
    one: Signal, direction: Direction
) -> None:
    assert direction_of(one) is direction


@pytest.mark.parametrize(
    ("one", "least"),
    [
        (signal("errors", unit="ratio"), 0.01),
        (signal("memory_percent"), 1.0),
        (signal("memory", unit="bytes", capacity=512e6), 5.12e6),
        (signal("memory", unit="bytes", capacity="max(limit)"), 0.0),
        (signal("requests"), 0.0),
        (signal("memory_percent", min_deviation=0.0), 0.0),
        (signal("requests", min_deviation=3.0), 3.0),
    ],
    ids=["ratio", "percent", "capacity", "capacity asked for", "unknown", "off", "configured"],
)
def test_less_than_a_hundredth_of_the_whole_is_nobodys_business(one: Signal, least: float) -> None:
    assert least_deviation(one) == pytest.approx(least)


@pytest.mark.parametrize(
    ("configured", "off", "is_worth_it"),
    [
        ({"direction": BOTH}, 2.0, True),
        ({"direction": BOTH}, -2.0, True),
        ({"direction": UP}, 2.0, True),
        ({"direction": UP}, -2.0, False),
        ({"direction": DOWN}, 2.0, False),
        ({"direction": DOWN}, -2.0, True),
        ({"min_deviation": 3.0}, 2.9, False),
        ({"min_deviation": 3.0}, -3.1, True),
        ({"min_relative_deviation": 0.1}, 4.9, False),
        ({"min_relative_deviation": 0.1}, 5.1, True),
        ({"min_deviation": 6.0, "min_relative_deviation": 0.1}, 5.1, False),
    ],
)
def test_a_signal_has_to_stray_far_enough_in_the_right_direction(
    configured, off: float, is_worth_it: bool
) -> None:
    judged = scores(usual=[50.0], off=[off], shares=[1.0])
    assert worth_telling([signal(**configured)], judged).tolist() == [is_worth_it]


@pytest.mark.parametrize(
    ("shares", "is_worth_it"),
    [
        pytest.param([0.6, 0.2, 0.1, 0.1], True, id="the third speaks too"),
        pytest.param([0.6, 0.2, 0.15, 0.05], False, id="the fourth does not"),
        pytest.param([1.0, 0.0, 0.0, 0.0], False, id="what has nothing to do with it"),
        pytest.param([0.0, 0.0, 0.0, 0.0], True, id="where none stands out, all of them"),
    ],
)
def test_the_strongest_three_speak_for_a_row(shares: list[float], is_worth_it: bool) -> None:
    """Three signals went down, which is nobody's business; the fourth counts both ways."""
    signals = [signal(direction=UP)] * 3 + [signal(direction=BOTH)]
    judged = scores(usual=[50.0] * 4, off=[-5.0] * 4, shares=shares)
    assert worth_telling(signals, judged).tolist() == [is_worth_it]


def test_what_was_not_measured_does_not_stray() -> None:
    judged = scores(usual=[50.0], off=[np.nan], shares=[0.0])
    assert not worth_telling([signal(direction=UP)], judged)[0]
