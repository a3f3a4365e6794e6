import numpy as np
import pytest

from healing import anomaly
from healing.backtest.duel import (
    EVENTS,
    LASTS,
    Showing,
    duel,
    judge_duel,
    rows_held_back,
    with_events,
)
from healing.history import History
from healing.names import SignalName

SIGNALS = (SignalName("cpu"), SignalName("memory"), SignalName("constant"))


def history(rows: int = 1200, *, seed: int = 1, step: int = 300) -> History:
    values = np.random.default_rng(seed).normal(50, 1, (rows, 3))
    values[:, 2] = 7
    return History(start=0, step=step, signals=SIGNALS, values=values.astype(np.float32))


@pytest.mark.parametrize(
    ("champion", "challenger", "promoted"),
    [
        (Showing(found=0.8, false=0.001), Showing(found=0.8, false=0.001), True),
        (Showing(found=0.8, false=0.001), Showing(found=0.75, false=0.001), True),
        (Showing(found=0.8, false=0.001), Showing(found=0.5, false=0.0), False),
        (Showing(found=0.5, false=0.001), Showing(found=1.0, false=0.02), False),
        (Showing(found=1.0, false=0.3), Showing(found=0.6, false=0.001), True),
        (Showing(found=1.0, false=0.3), Showing(found=1.0, false=0.2), True),
        (Showing(found=0.0, false=0.0), Showing(found=0.0, false=0.003), True),
    ],
    ids=[
        "as good",
        "one event less may be luck",
        "finds less",
        "cries wolf",
        "the one in use cries wolf",
        "cries wolf less than the one in use",
        "a false alarm now and then is nominal",
    ],
)
def test_a_challenger_takes_over_when_it_does_no_worse(
    champion: Showing, challenger: Showing, promoted: bool
) -> None:
    found = judge_duel(champion, challenger)

    assert found.promoted is promoted
    assert "the one in use" in found.reason


@pytest.mark.parametrize(
    ("rows", "step", "held_back"),
    [(5000, 300, 288), (1000, 300, 250), (100, 300, 0), (5000, 60, 1250), (50_000, 60, 1440)],
    ids=["a day", "a quarter", "too few", "a quarter of minutes", "a day of minutes"],
)
def test_a_day_is_held_back_at_most_a_quarter(rows: int, step: int, held_back: int) -> None:
    assert rows_held_back(history(rows, step=step)) == held_back


def test_events_are_put_only_into_the_rows_held_back() -> None:
    calm = history()

    spoilt, firsts = with_events(calm, 288, seed=0)

    changed = np.flatnonzero((spoilt.values != calm.values).any(axis=1))
    assert len(firsts) == EVENTS
    assert changed.min() >= len(calm) - 288
    assert set(changed) == {row for first in firsts for row in range(first, first + LASTS)}


def test_a_model_that_knows_the_service_beats_one_that_knows_another() -> None:
    mine = history()
    held_back = rows_held_back(mine)
    known = anomaly.fit(mine.rows(0, len(mine) - held_back), seed=0)
    values = mine.values * np.array([9, 0.2, 1], np.float32)
    stranger = anomaly.fit(History(start=0, step=300, signals=SIGNALS, values=values), seed=0)

    won = duel(stranger, known, mine, held_back=held_back, seed=0)
    lost = duel(known, stranger, mine, held_back=held_back, seed=0)

    assert (won.promoted, lost.promoted) == (True, False)
    assert won.challenger.found > 0.8
    assert won.champion.false > 0.5
    assert lost.reason == "it called 100 % of ordinary rows strange, the one in use 0 %"
