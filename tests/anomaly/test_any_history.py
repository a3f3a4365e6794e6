"""What holds of the scores of any history."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from healing.anomaly import Model, Scores, fit, rows_to_learn, score, score_many, to_arrays
from healing.errors import NotEnoughHistoryError
from healing.history import History
from healing.names import SignalName
from tests.made_up import anything, columns_of, powers_of_two, series, several, whole_shifts
from tests.metrics import history_of

EXAMPLES = settings(max_examples=12, deadline=None)
STEP = 900
"""Such that some of the histories are long enough for a daily shape, and some are not."""
ROWS = st.integers(130, 420)


def judged(history: History, *, seed: int = 1) -> Scores:
    """Score a history by what is learnt from it; pass over one that is measured too little."""
    try:
        return score(fit(history, seed=seed), history)
    except NotEnoughHistoryError:
        assume(False)
        raise


@EXAMPLES
@given(several(5), ROWS, powers_of_two, whole_shifts)
def test_a_shift_and_another_unit_leave_every_score_as_it_was(
    made: list, rows: int, scale: float, shift: int
) -> None:
    columns = columns_of(made, rows)
    moved = {name: scale * (values + shift) for name, values in columns.items()}

    one, other = judged(history_of(STEP, **columns)), judged(history_of(STEP, **moved))

    np.testing.assert_allclose(other.values, one.values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.shares, one.shares, rtol=0, atol=1e-6)


@EXAMPLES
@given(several(5), ROWS, st.floats(1e-3, 1e3))
def test_a_unit_in_which_values_are_rounded_moves_no_score_by_much(
    made: list, rows: int, scale: float
) -> None:
    columns = columns_of(made, rows)
    moved = {name: scale * values for name, values in columns.items()}

    one, other = judged(history_of(STEP, **columns)), judged(history_of(STEP, **moved))

    np.testing.assert_allclose(other.values, one.values, rtol=0, atol=0.1)


@EXAMPLES
@given(several(5), ROWS, st.data())
def test_no_score_knows_what_comes_after_it(made: list, rows: int, data: st.DataObject) -> None:
    history = history_of(STEP, **columns_of(made, rows))
    cut = data.draw(st.integers(1, rows - 1))
    values = history.values.copy()
    values[cut:] = data.draw(anything)
    values[cut:, 0] = data.draw(anything)
    try:
        model = fit(history, seed=1)
    except NotEnoughHistoryError:
        return
    altered = History(start=history.start, step=STEP, signals=history.signals, values=values)

    known = score(model, history).values[:cut]

    np.testing.assert_array_equal(score(model, altered).values[:cut], known, strict=True)
    # Products of fewer rows may be summed in another order: the last bit is not held to.
    part = score(model, history.rows(0, cut)).values
    np.testing.assert_allclose(part, known, rtol=0, atol=1e-12, strict=True)


@EXAMPLES
@given(several(5, gaps=(0.3, 0.45)), ROWS)
def test_a_row_has_a_score_exactly_where_half_of_the_signals_were_measured(
    made: list, rows: int
) -> None:
    history = history_of(STEP, **columns_of(made, rows))

    scores = judged(history)

    seen = np.isfinite(history.choose(scores.signals).values).mean(axis=1) >= 0.5
    assert np.isfinite(scores.values).tolist() == seen.tolist()
    assert ((scores.values[seen] >= 0) & (scores.values[seen] <= 1)).all()
    assert np.isfinite(scores.shares).all()


@EXAMPLES
@given(several(4), ROWS, st.integers(0, 2**31))
def test_the_same_history_and_seed_give_the_same_model_and_scores(
    made: list, rows: int, seed: int
) -> None:
    history = history_of(STEP, **columns_of(made, rows))

    one, other = judged(history, seed=seed), judged(history, seed=seed)

    np.testing.assert_array_equal(one.values, other.values)
    arrays, again = (to_arrays(fit(history, seed=seed)) for _ in range(2))
    assert all(np.array_equal(array, again[name]) for name, array in arrays.items())


@EXAMPLES
@given(several(4), ROWS, st.integers(1, 60))
def test_the_newest_scores_are_the_last_of_all_scores(made: list, rows: int, newest: int) -> None:
    history = history_of(STEP, **columns_of(made, rows))
    everything = judged(history)

    few = score(fit(history, seed=1), history, newest=newest)

    np.testing.assert_allclose(few.values, everything.values[-newest:], rtol=0, atol=0.01)


@settings(max_examples=25, deadline=None)
@given(several(4, gaps=(0.0, 0.4, 1.0)), st.integers(0, 130))
def test_a_short_history_is_learnt_or_told_to_be_too_short(made: list, rows: int) -> None:
    history = history_of(STEP, **columns_of(made, rows))
    measured = np.isfinite(history.values)
    half = max(measured.any(axis=1).sum() / 2, 1)
    often = measured[:, measured.sum(axis=0) >= half]
    have = int((2 * often.sum(axis=1) >= max(often.shape[1], 1)).sum()) if often.size else 0

    if have >= rows_to_learn(STEP):
        assert len(fit(history, seed=1).signals) == often.shape[1]
    else:
        with pytest.raises(NotEnoughHistoryError) as told:
            fit(history, seed=1)
        assert told.value.have == have


@EXAMPLES
@given(st.integers(-(10**6), 10**6), series(gaps=(0.0, 0.05)), ROWS, st.integers(1, 10**4))
def test_what_never_changed_is_strange_only_once_it_changes(
    level: int, gaps: object, rows: int, change: int
) -> None:
    measured = np.isfinite(gaps.values(rows))
    constant = np.where(measured, float(level), np.nan)
    model = fit(history_of(STEP, level=constant), seed=1)
    changed = constant.copy()
    changed[-1] = level + change

    quiet = score(model, history_of(STEP, level=constant)).values
    told = score(model, history_of(STEP, level=changed)).values

    assert np.nanmax(quiet) < 0.1
    assert told[-1] > 0.9


@EXAMPLES
@given(several(4), ROWS)
def test_the_order_of_the_signals_does_not_matter_to_a_model(made: list, rows: int) -> None:
    history = history_of(STEP, **columns_of(made, rows))
    more = history.choose((SignalName("another"), *reversed(history.signals)))

    scores = judged(history)

    again = score(fit(history, seed=1), more)
    np.testing.assert_array_equal(again.values, scores.values)


@EXAMPLES
@given(st.lists(st.tuples(several(4), ROWS, st.sampled_from([300, 900])), min_size=1, max_size=5))
def test_a_fleet_scored_at_once_has_the_scores_of_its_services(fleet: list) -> None:
    histories, models = list[History](), list[Model]()
    for made, rows, step in fleet:
        history = history_of(step, **columns_of(made, rows))
        with suppress(NotEnoughHistoryError):
            models.append(fit(history, seed=1))
            histories.append(history)

    for newest in (None, 5):
        together = score_many(models, histories, newest=newest)
        alone = [score(m, h, newest=newest) for m, h in zip(models, histories, strict=True)]

        for one, other in zip(together, alone, strict=True):
            assert (one.start, one.step, one.signals) == (other.start, other.step, other.signals)
            for name in ("values", "shares", "usual", "off", "strayed"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
