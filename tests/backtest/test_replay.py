import numpy as np
import pytest

from healing import anomaly
from healing.backtest import causal_scores, replay_whole, scores_after
from healing.errors import NotEnoughHistoryError
from healing.history import History
from healing.names import SignalName

ROWS = 900


def history(values: np.ndarray) -> History:
    columns = values if values.ndim == 2 else values[:, None]
    names = tuple(SignalName(f"s{n}") for n in range(columns.shape[1]))
    return History(start=0, step=300, signals=names, values=columns)


def noise(rows: int = ROWS, signals: int = 2) -> np.ndarray:
    return np.random.default_rng(3).normal(50, 1, (rows, signals))


def test_a_score_does_not_change_when_the_future_does() -> None:
    values = noise()
    other = values.copy()
    other[600:] = 1e6

    before, after = causal_scores(history(values)), causal_scores(history(other))

    assert np.array_equal(before[:600], after[:600], equal_nan=True)
    assert not np.array_equal(before[600:], after[600:], equal_nan=True)


def test_what_alarms_go_by_does_not_change_when_the_future_does() -> None:
    values = noise()
    other = values.copy()
    other[600:] = 1e6

    before, after = replay_whole(history(values)), replay_whole(history(other))

    assert np.array_equal(before.beside_recent[:600], after.beside_recent[:600], equal_nan=True)
    assert not np.array_equal(before.beside_recent, after.beside_recent, equal_nan=True)


def test_a_score_does_not_change_when_the_future_is_cut_off() -> None:
    values = noise()

    whole, part = causal_scores(history(values)), causal_scores(history(values[:437]))

    assert np.array_equal(whole[:437], part, equal_nan=True)


def test_every_measured_row_gets_a_score_once_enough_is_known() -> None:
    values = noise()
    values[700:720] = np.nan

    scores = causal_scores(history(values))

    need = anomaly.rows_to_learn(300)
    known = np.isfinite(scores)
    assert not known[:need].any()
    assert known[need:700].all()
    assert not known[700:720].any()
    assert known[720:].all()


def test_rows_before_anything_was_measured_do_not_count() -> None:
    values = noise()
    late = np.concatenate([np.full((1500, 2), np.nan), values])

    scores = causal_scores(history(late))

    assert np.isnan(scores[:1500]).all()
    assert np.isfinite(scores[1500:]).sum() == np.isfinite(causal_scores(history(values))).sum()


def test_what_was_never_learnt_has_no_score() -> None:
    assert np.isnan(causal_scores(history(noise(50)))).all()
    assert np.isnan(causal_scores(history(np.full((400, 1), np.nan)))).all()
    assert causal_scores(history(np.empty((0, 1)))).shape == (0,)


def test_rows_after_training_are_scored_with_the_rows_before_them() -> None:
    values = noise()
    values[650] += 40

    scores = scores_after(history(values), 500)

    assert scores.shape == (400,)
    assert np.isfinite(scores).all()
    assert scores[150] > 0.9
    assert np.argmax(scores) in range(150, 156)


def test_too_little_to_learn_from_is_said() -> None:
    with pytest.raises(NotEnoughHistoryError):
        scores_after(history(noise()), 20)


def test_no_rows_after_training_have_no_scores() -> None:
    assert scores_after(history(noise()), ROWS).shape == (0,)
