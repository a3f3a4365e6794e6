from dataclasses import replace

import numpy as np
import pytest

from healing.anomaly import Model, Scores, fit, score
from healing.backtest.replay import replay_after
from healing.history import History
from healing.names import ServiceName
from healing.watching.recents import Recents
from tests.metrics import history_of, ordinary
from tests.stories import API

LEARNT = 3 * 1440
NEWEST = 5


@pytest.fixture(scope="module")
def history() -> History:
    columns = ordinary(LEARNT + 60)
    columns["latency"][LEARNT + 30 :] *= 3
    columns["cpu"][LEARNT + 10] = np.nan
    return history_of(60, **columns)


@pytest.fixture(scope="module")
def model(history: History) -> Model:
    return fit(history.rows(0, LEARNT), seed=0)


def look(model: Model, history: History, row: int) -> Scores:
    return score(model, history.rows(0, row + 1), newest=NEWEST)


def test_look_by_look_it_says_what_a_backtest_says(model: Model, history: History) -> None:
    recents = Recents()
    rows = range(LEARNT + NEWEST - 1, len(history))

    newest = [recents.beside(API, model, look(model, history, row))[-1] for row in rows]

    replayed = replay_after(history, LEARNT).beside_recent
    assert newest == pytest.approx(replayed[NEWEST - 1 :], nan_ok=True, abs=1e-9)
    assert max(newest) > 0.99


def test_a_row_is_judged_once_also_when_it_is_seen_again(model: Model, history: History) -> None:
    recents = Recents()
    row = LEARNT + 50

    once = recents.beside(API, model, look(model, history, row))
    again = recents.beside(API, model, look(model, history, row))
    next_one = recents.beside(API, model, look(model, history, row + 1))

    assert again.tolist() == once.tolist()
    assert next_one[:-1].tolist() == once[1:].tolist()


def test_looks_that_were_missed_leave_rows_unknown_to_none(model: Model, history: History) -> None:
    recents = Recents()
    recents.beside(API, model, look(model, history, LEARNT + 20))

    after_a_break = recents.beside(API, model, look(model, history, LEARNT + 50))

    assert np.isfinite(after_a_break).all()


def test_a_service_that_vanished_two_days_ago_begins_anew(model: Model, history: History) -> None:
    recents, other = Recents(), ServiceName("other")
    for row in range(LEARNT + 30, LEARNT + 50):
        recents.beside(API, model, look(model, history, row))
    newest = look(model, history, LEARNT + 49)
    in_two_days = replace(newest, start=newest.start + 2 * 86_400)
    recents.beside(other, model, in_two_days)

    beside = recents.beside(API, model, newest)

    assert beside.tolist() == Recents().beside(API, model, newest).tolist()


def test_with_another_model_it_begins_anew(model: Model, history: History) -> None:
    other = fit(history.rows(0, LEARNT + 20), seed=0)
    recents = Recents()
    for row in range(LEARNT + 30, LEARNT + 50):
        recents.beside(API, model, look(model, history, row))

    beside = recents.beside(API, other, look(other, history, LEARNT + 50))

    fresh = Recents().beside(API, other, look(other, history, LEARNT + 50))
    assert beside.tolist() == fresh.tolist()
