import numpy as np
import pytest

from healing.features import Way, learn_measure, rows_needed, strangeness
from healing.features.strangeness import LONG_ROWS
from healing.history import History
from tests.metrics import MIB, history_of, ordinary

WAYS = list(Way)
MEASURE = learn_measure(history_of(**ordinary(1000)))


def memory(history: History, way: Way) -> np.ndarray:
    return strangeness(MEASURE, history).ways[:, 1, WAYS.index(way)]


def ordinary_with(change: np.ndarray) -> History:
    columns = ordinary(len(change), seed=1)
    columns["memory"] += change
    return history_of(**columns)


def test_a_spike_strays_in_level_and_step_and_soon_is_over() -> None:
    spike = np.zeros(300)
    spike[200] = 20 * MIB

    assert memory(ordinary_with(spike), Way.LEVEL)[200] > 10
    assert memory(ordinary_with(spike), Way.STEP)[200] > 10
    assert memory(ordinary_with(spike), Way.STEP)[201] < -10
    assert abs(memory(ordinary_with(spike), Way.LASTING)[206]) < 5


def test_a_shift_that_has_become_the_new_usual_no_longer_counts_as_moved() -> None:
    shift = np.zeros(600)
    shift[200:] = 20 * MIB
    moved = memory(ordinary_with(shift), Way.MOVED)

    assert moved[205] > 10
    assert np.abs(moved[350:]).max() < 10
    assert memory(ordinary_with(shift), Way.LEVEL)[350:].min() > 10


def test_standing_a_little_away_for_long_is_told_from_straying_now_and_then() -> None:
    little, now_and_then = np.zeros((2, 600))
    little[200:] = 2 * MIB
    now_and_then[200::2], now_and_then[201::2] = 2 * MIB, -2 * MIB
    long, other = (
        strangeness(MEASURE, ordinary_with(change)).long[:, 1] for change in (little, now_and_then)
    )

    assert np.abs(long[150:200]).max() < 1
    assert long[200 + LONG_ROWS :].min() > 1
    assert np.abs(other[200 + LONG_ROWS :]).max() < 1


def test_a_row_knows_nothing_of_the_rows_after_it() -> None:
    history = history_of(**ordinary(300))

    whole = strangeness(MEASURE, history)
    part = strangeness(MEASURE, history.rows(0, 200))

    assert np.array_equal(whole.ways[:200], part.ways)
    assert np.array_equal(whole.long[:200], part.long)


def test_so_many_rows_before_it_are_all_a_row_wants_to_know() -> None:
    history = history_of(**ordinary(600))

    whole = strangeness(MEASURE, history)
    tail = strangeness(MEASURE, history.tail(rows_needed(60) + 1))

    assert tail.ways[-1] == pytest.approx(whole.ways[-1], abs=1e-9)
    assert tail.long[-1] == pytest.approx(whole.long[-1], abs=1e-9)


def test_what_was_not_measured_strays_by_nothing_known() -> None:
    columns = ordinary(300)
    columns["memory"][100:150] = np.nan
    strange = strangeness(MEASURE, history_of(**columns)).ways

    assert np.isnan(strange[100:150, 1]).all()
    assert np.isfinite(strange[100:150, [0, 2]]).all()
    assert np.isfinite(strange[150]).all()


def test_a_change_of_what_never_moved_is_strange_by_a_fixed_measure() -> None:
    measure = learn_measure(history_of(level=np.full(200, 5.0)))

    strange = strangeness(measure, history_of(level=[5.0, 5.0, 5.0, 6.0, 4.0])).ways

    assert strange[:, 0, WAYS.index(Way.LEVEL)].tolist() == [0, 0, 0, 10, -10]


def test_rounding_does_not_count_as_straying() -> None:
    teeth = np.arange(400) % 7
    told = [
        strangeness(
            learn_measure(one := history_of(teeth=unit * teeth, other=unit * teeth**2)), one
        ).ways
        for unit in (1.0, 1 / 3)
    ]

    np.testing.assert_allclose(told[1], told[0], atol=0.01)
