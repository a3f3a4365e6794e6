from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from healing.history import Answer, Grid, History, Read, Reading, State, freshness
from healing.names import SignalName

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
MEMORY = SignalName("memory")
GRID = Grid(step=timedelta(seconds=15), stale_after=timedelta(minutes=2))


def history(newest: int | None) -> History:
    """Build an hour in which the last `newest` seconds brought no sample."""
    values = np.ones((240, 1), np.float32)
    if newest is None:
        values[:] = np.nan
    elif newest:
        values[-(newest // 15) :] = np.nan
    return History(start=EPOCH - 239 * 15, step=15, signals=(MEMORY,), values=values)


def reading(answer: Answer, detail: str = "") -> Reading:
    read = Read(signal=MEMORY, query="memory", start=EPOCH - 60, end=EPOCH, step=15)
    return Reading(read=read, answer=answer, detail=detail)


@pytest.mark.parametrize(
    ("newest", "answer", "state"),
    [
        pytest.param(0, Answer.OK, State.FRESH, id="a sample just now"),
        pytest.param(120, Answer.OK, State.FRESH, id="the last two scrapes are late"),
        pytest.param(135, Answer.OK, State.STALE, id="nothing for more than two minutes"),
        pytest.param(135, Answer.EMPTY, State.STALE, id="the series has ended"),
        pytest.param(None, Answer.EMPTY, State.EMPTY, id="never anything"),
        pytest.param(0, Answer.UNREACHABLE, State.UNREACHABLE, id="the store is down"),
        pytest.param(None, Answer.BAD_QUERY, State.BAD_QUERY, id="the query is wrong"),
        pytest.param(0, Answer.SEVERAL, State.SEVERAL, id="the query gives several series"),
    ],
)
def test_freshness(newest: int | None, answer: Answer, state: State) -> None:
    standing = freshness(history(newest), [reading(answer, "why")], now=NOON, grid=GRID)[MEMORY]

    assert standing.state is state
    assert standing.is_fresh == (state is State.FRESH)
    assert bool(standing.detail) != standing.is_fresh
    assert (standing.last_at is None) == (newest is None)


def test_without_an_answer_history_alone_decides() -> None:
    assert freshness(history(0), [], now=NOON, grid=GRID)[MEMORY].is_fresh


def test_a_long_step_has_the_patience_of_two_steps() -> None:
    grid = Grid(step=timedelta(minutes=5), stale_after=timedelta(minutes=2))
    five = History(
        start=EPOCH - 600, step=300, signals=(MEMORY,), values=np.ones((1, 1), np.float32)
    )

    assert freshness(five, [], now=NOON, grid=grid)[MEMORY].is_fresh
    assert not freshness(five, [], now=NOON + timedelta(seconds=1), grid=grid)[MEMORY].is_fresh
