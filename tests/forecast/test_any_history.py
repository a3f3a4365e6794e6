"""What holds of the forecasts of any history."""

from datetime import datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from healing.forecast import Exhaustion, Outlook, forecast, forecast_exhaustion
from healing.history import History
from tests.made_up import anything, columns_of, powers_of_two, series, several, whole_shifts
from tests.metrics import MEMORY, NOON, history_of

EXAMPLES = settings(max_examples=30, deadline=None)
STEPS = st.sampled_from([15, 60, 300, 900, 3600])
ROWS = st.integers(1, 500)
WINDOWS = st.floats(0.1, 48).map(lambda hours: timedelta(hours=hours))
CAPACITIES = st.integers(1, 20_000)
GAPS = (0.0, 0.05, 0.4, 1.0)
PRECISE = {"rtol": 0, "atol": 1e-4}
"""Of whole numbers, of which the largest are moved by 65,536."""


def full(history: History, capacity: float, now: datetime, window: timedelta) -> Exhaustion:
    return forecast_exhaustion(history, MEMORY, capacity, now=now, window=window)


@EXAMPLES
@given(several(4, gaps=GAPS), ROWS, STEPS, st.integers(1, 150))
def test_what_can_be_said_is_said_for_the_whole_horizon_and_the_rest_stays_unknown(
    made: list, rows: int, step: int, ahead: int
) -> None:
    columns = columns_of(made, rows)

    told = forecast(history_of(step, **columns), horizon=timedelta(seconds=step * ahead))

    sayable = np.array([model is not None for model in told.models])
    assert told.point.shape == (ahead, len(made))
    assert np.isfinite(told.point[:, sayable]).all()
    assert np.isfinite(told.paths[:, :, sayable]).all()
    assert np.isnan(told.point[:, ~sayable]).all()
    assert np.isnan(told.paths[:, :, ~sayable]).all()
    assert (np.diff(told.paths[:, :, sayable], axis=0) >= 0).all()
    for values, is_sayable in zip(columns.values(), sayable, strict=True):
        assert not (is_sayable and np.isnan(values).all())


@EXAMPLES
@given(several(3), ROWS, STEPS, powers_of_two, whole_shifts)
def test_a_shift_and_another_unit_shift_and_scale_the_forecast(
    made: list, rows: int, step: int, scale: float, shift: int
) -> None:
    columns, horizon = columns_of(made, rows), timedelta(seconds=50 * step)
    moved = {name: scale * (values + shift) for name, values in columns.items()}

    told = forecast(history_of(step, **columns), horizon=horizon)
    other = forecast(history_of(step, **moved), horizon=horizon)

    np.testing.assert_allclose(other.point / scale - shift, told.point, **PRECISE)
    np.testing.assert_allclose(other.paths / scale - shift, told.paths, **PRECISE)
    assert other.models == told.models


@EXAMPLES
@given(several(3), st.integers(2, 500), STEPS, st.data())
def test_no_forecast_knows_what_comes_after_its_time(
    made: list, rows: int, step: int, data: st.DataObject
) -> None:
    history = history_of(step, **columns_of(made, rows))
    later = data.draw(st.integers(1, rows - 1))
    values = history.values.copy()
    values[rows - later :] = data.draw(anything)
    altered = History(start=history.start, step=step, signals=history.signals, values=values)
    now, horizon = NOON - timedelta(seconds=step * later), timedelta(seconds=50 * step)

    told, other = (forecast(one, horizon=horizon, now=now) for one in (history, altered))

    np.testing.assert_array_equal(other.point, told.point)
    np.testing.assert_array_equal(other.paths, told.paths)


@EXAMPLES
@given(series(gaps=GAPS), ROWS, STEPS, CAPACITIES, WINDOWS)
def test_an_outlook_is_whole_and_in_order(
    made: object, rows: int, step: int, capacity: int, window: timedelta
) -> None:
    values = made.values(rows)

    told = full(history_of(step, memory=values), capacity, NOON, window)

    times = (told.soonest, told.likely, told.latest)
    if told.outlook in {Outlook.UNKNOWN, Outlook.STEADY}:
        assert times == (None, None, None)
    else:
        assert timedelta(0) <= told.soonest <= told.likely <= told.latest
    assert 0 <= told.certainty <= 1
    assert told.reason
    if np.isnan(values).all():
        assert told.outlook is Outlook.UNKNOWN
    elif told.outlook is not Outlook.UNKNOWN and np.ptp(values[np.isfinite(values)]) == 0:
        assert told.outlook in {Outlook.STEADY, Outlook.FULL}


@EXAMPLES
@given(series(), ROWS, STEPS, CAPACITIES, WINDOWS, powers_of_two)
def test_another_unit_fills_up_at_the_same_time(
    made: object, rows: int, step: int, capacity: int, window: timedelta, scale: float
) -> None:
    values = made.values(rows)

    told = full(history_of(step, memory=values), capacity, NOON, window)
    other = full(history_of(step, memory=scale * values), scale * capacity, NOON, window)

    assert (other.outlook, other.certainty) == (told.outlook, told.certainty)
    assert (other.soonest, other.likely, other.latest) == (told.soonest, told.likely, told.latest)


@EXAMPLES
@given(series(), st.integers(2, 500), STEPS, CAPACITIES, st.data())
def test_no_outlook_knows_what_comes_after_its_time(
    made: object, rows: int, step: int, capacity: int, data: st.DataObject
) -> None:
    values = made.values(rows)
    later = data.draw(st.integers(1, rows - 1))
    altered = values.copy()
    altered[rows - later :] = data.draw(anything)
    now = NOON - timedelta(seconds=step * later)

    told, other = (
        full(history_of(step, memory=one), capacity, now, timedelta(hours=6))
        for one in (values, altered)
    )

    assert str(other) == str(told)
