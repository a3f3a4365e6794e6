from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.history import Answer, Grid, History, Read, Reading, absorb, what_to_read
from healing.names import SignalName
from healing.services import Signal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MEMORY = Signal(name=SignalName("memory"), query="memory_bytes")
REQUESTS = Signal(name=SignalName("requests"), query="requests_total")
GRID = Grid(step=timedelta(seconds=15), keep=timedelta(hours=1), reread=timedelta(minutes=1))
EPOCH = int(NOON.timestamp())


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def answered(read: Read, value: Callable[[float], float]) -> Reading:
    times = np.arange(read.start, read.end + 1, read.step, dtype=float)
    values = np.array([value(time) for time in times.tolist()])
    return Reading(read=read, answer=Answer.OK, times=times, values=values, until=read.end)


def pull(
    history: History | None,
    now: datetime,
    value: Callable[[float], float],
    *,
    signals: tuple[Signal, ...] = (MEMORY,),
    grid: Grid = GRID,
) -> History:
    reads = what_to_read(history, signals, now=now, grid=grid)
    readings = [answered(read, value) for read in reads]
    return absorb(history, readings, signals=signals, now=now, grid=grid)


def test_the_first_read_asks_for_all_that_is_kept() -> None:
    (read,) = what_to_read(None, [MEMORY], now=NOON + seconds(7), grid=GRID)

    assert read == Read(
        signal=MEMORY.name, query="memory_bytes", start=EPOCH - 3600 + 15, end=EPOCH, step=15
    )


def test_the_next_read_asks_for_what_is_new_and_a_little_before_it() -> None:
    history = pull(None, NOON, lambda _: 1.0)

    (read,) = what_to_read(history, [MEMORY], now=NOON + seconds(30), grid=GRID)

    assert (read.start, read.end) == (EPOCH - 60, EPOCH + 30)


def test_a_signal_whose_query_has_changed_is_another_signal() -> None:
    history = pull(None, NOON, lambda _: 1.0)
    changed = Signal(name=MEMORY.name, query="other_bytes")

    (read,) = what_to_read(history, [changed], now=NOON, grid=GRID)
    emptied = absorb(history, [], signals=[changed], now=NOON, grid=GRID)

    assert read.start == EPOCH - 3600 + 15
    assert len(emptied) == 0


def test_another_step_begins_anew() -> None:
    history = pull(None, NOON, lambda _: 1.0)
    coarser = Grid(step=timedelta(minutes=1), keep=GRID.keep)

    emptied = absorb(history, [], signals=[MEMORY], now=NOON, grid=coarser)

    assert (len(emptied), emptied.step) == (0, 60)


def test_pulling_in_small_steps_gives_what_one_pull_gives() -> None:
    history = None
    for minute in range(0, 90, 7):
        history = pull(history, NOON + timedelta(minutes=minute), lambda time: time % 1000)
    assert history is not None

    at_once = pull(None, NOON + timedelta(minutes=84), lambda time: time % 1000)

    assert history.start == at_once.start
    assert np.array_equal(history.values, at_once.values)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=20))
def test_an_answer_absorbed_twice_changes_nothing(offsets: list[int]) -> None:
    read = Read(signal=MEMORY.name, query=MEMORY.query, start=EPOCH - 600, end=EPOCH, step=15)
    times = read.start + np.array(offsets, float)
    reading = Reading(read=read, answer=Answer.OK, times=times, values=times % 7, until=EPOCH)

    once = absorb(None, [reading], signals=[MEMORY], now=NOON, grid=GRID)
    twice = absorb(once, [reading, reading], signals=[MEMORY], now=NOON, grid=GRID)

    assert (twice.start, twice.marks) == (once.start, once.marks)
    assert np.array_equal(twice.values, once.values, equal_nan=True)


def test_a_sample_belongs_to_the_row_at_or_after_it_and_the_newest_counts() -> None:
    read = Read(signal=MEMORY.name, query=MEMORY.query, start=EPOCH - 30, end=EPOCH, step=15)
    times = np.array([EPOCH - 1, EPOCH - 14, EPOCH - 15, EPOCH - 30.0])
    reading = Reading(read=read, answer=Answer.OK, times=times, values=np.array([4.0, 3, 2, 1]))

    history = absorb(None, [reading], signals=[MEMORY], now=NOON, grid=GRID)

    assert history.column(MEMORY.name).tolist() == [1.0, 2.0, 4.0]


def test_a_late_sample_is_filled_in_and_a_corrected_one_replaced() -> None:
    history = pull(None, NOON, lambda time: np.nan if time == EPOCH - 30 else 1.0)
    assert np.isnan(history.column(MEMORY.name)[-3])

    history = pull(history, NOON + seconds(15), lambda _: 2.0)

    assert history.column(MEMORY.name)[-6:].tolist() == [2.0] * 6
    assert history.column(MEMORY.name)[-7] == 1.0


def test_a_sample_that_the_store_has_lost_stays_known() -> None:
    history = pull(None, NOON, lambda _: 1.0)

    after = pull(history, NOON, lambda _: np.nan)

    assert np.array_equal(after.values, history.values)


def test_a_gap_stays_a_gap() -> None:
    history = pull(None, NOON, lambda time: np.nan if EPOCH - 300 < time <= EPOCH - 60 else 1.0)

    assert np.isnan(history.column(MEMORY.name)).sum() == 16


def test_numbers_that_are_none_or_too_large_are_not_known() -> None:
    values = iter([np.inf, -np.inf, 1e300, 5.0])
    grid = Grid(step=seconds(15), keep=seconds(60))

    history = pull(None, NOON, lambda _: next(values), grid=grid)

    assert history.values.tolist() == [[5.0]]


def test_what_is_older_than_is_kept_is_dropped() -> None:
    history = pull(None, NOON, lambda time: time - EPOCH)

    later = absorb(history, [], signals=[MEMORY], now=NOON + timedelta(minutes=30), grid=GRID)

    assert later.start == EPOCH - 1800 + 15
    assert later.column(MEMORY.name)[0] == -1785.0
    assert np.isnan(later.column(MEMORY.name)[-120:]).all()


def test_a_signal_that_could_not_be_read_is_asked_for_again_from_where_it_stopped() -> None:
    history = pull(None, NOON, lambda _: 1.0, signals=(MEMORY, REQUESTS))
    later = NOON + timedelta(minutes=10)
    memory, requests = what_to_read(history, [MEMORY, REQUESTS], now=later, grid=GRID)
    readings = [
        answered(memory, lambda _: 2.0),
        Reading(read=requests, answer=Answer.UNREACHABLE, detail="no answer"),
    ]

    history = absorb(history, readings, signals=[MEMORY, REQUESTS], now=later, grid=GRID)
    memory, requests = what_to_read(history, [MEMORY, REQUESTS], now=later, grid=GRID)

    assert memory.start == EPOCH + 540
    assert requests.start == EPOCH - 60 - 15


def test_an_empty_answer_is_an_answer() -> None:
    (read,) = what_to_read(None, [MEMORY], now=NOON, grid=GRID)
    empty = Reading(read=read, answer=Answer.EMPTY, until=read.end)

    history = absorb(None, [empty], signals=[MEMORY], now=NOON, grid=GRID)
    (again,) = what_to_read(history, [MEMORY], now=NOON, grid=GRID)

    assert len(history) == 0
    assert again.start == EPOCH - 60


def test_series_side_by_side_are_looked_at_again_for_an_hour_at_most() -> None:
    grid = Grid(step=seconds(15), keep=timedelta(hours=6))
    (read,) = what_to_read(None, [MEMORY], now=NOON, grid=grid)
    several = Reading(read=read, answer=Answer.SEVERAL, until=read.end)

    history = absorb(None, [several], signals=[MEMORY], now=NOON, grid=grid)
    (again,) = what_to_read(history, [MEMORY], now=NOON, grid=grid)

    assert again.start == EPOCH - 3600 - 300


def test_a_counter_is_kept_as_its_rate() -> None:
    history = pull(None, NOON, lambda time: (time - EPOCH) % 1000, signals=(REQUESTS,))

    rates = history.column(REQUESTS.name)
    assert len(rates) == GRID.rows
    assert np.sum(rates == 1.0) == GRID.rows - 4
    assert rates.min() >= 0


def test_a_clock_that_was_wrong_leaves_no_rows_in_the_future() -> None:
    ahead = pull(None, NOON + timedelta(days=300), lambda _: 9.0)

    history = pull(ahead, NOON, lambda _: 1.0)

    assert history.end == EPOCH
    assert set(history.column(MEMORY.name).tolist()) == {1.0}


@pytest.mark.parametrize(
    "ahead", [timedelta(minutes=2), timedelta(minutes=40), timedelta(days=300)]
)
def test_what_was_dropped_while_the_clock_was_ahead_is_read_again(ahead: timedelta) -> None:
    def measured(time: float) -> float:
        return float(time) if time <= EPOCH else float("nan")

    before = pull(None, NOON, measured)
    while_ahead = pull(before, NOON + ahead, measured)

    after = pull(while_ahead, NOON, measured)

    assert after.start == before.start
    assert after.column(MEMORY.name).tolist() == before.column(MEMORY.name).tolist()


def test_a_clock_that_goes_back_by_a_step_reads_little_again() -> None:
    grid = Grid(step=timedelta(hours=1), keep=timedelta(days=9))
    history = pull(None, NOON, lambda _: 1.0, grid=grid)

    (read,) = what_to_read(history, [MEMORY], now=NOON - seconds(1), grid=grid)

    assert read.start == read.end == EPOCH - 3600


def test_signals_come_and_go() -> None:
    history = pull(None, NOON, lambda _: 1.0)

    both = pull(history, NOON, lambda _: 2.0, signals=(REQUESTS, MEMORY))
    one = pull(both, NOON, lambda _: 3.0, signals=(REQUESTS,))

    assert both.signals == (REQUESTS.name, MEMORY.name)
    assert both.column(MEMORY.name)[0] == 1.0
    assert one.signals == (REQUESTS.name,)
    assert set(one.marks) == {REQUESTS.name}


@pytest.mark.parametrize(
    ("step", "keep", "complaint"),
    [
        pytest.param(seconds(0.5), timedelta(days=1), "whole seconds", id="half a second"),
        pytest.param(seconds(60), seconds(30), "shorter than step", id="less than one row"),
        pytest.param(seconds(1), timedelta(days=14), "at most", id="more rows than we hold"),
    ],
)
def test_an_impossible_grid_is_refused(step: timedelta, keep: timedelta, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Grid(step=step, keep=keep)
