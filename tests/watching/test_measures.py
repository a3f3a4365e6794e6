import numpy as np
import pytest

from healing.names import SignalName
from healing.services import Signal
from healing.watching.measures import burn, has_shifted
from tests.metrics import history_of, ordinary

DAY, HOUR = 1440, 60


def memory(rows: int = DAY + HOUR) -> np.ndarray:
    return 100 + np.random.default_rng(0).standard_normal(rows)


def moved(minutes: int, by: float = 30.0) -> np.ndarray:
    values = memory()
    values[-minutes:] += by
    return values


@pytest.mark.parametrize(
    ("values", "shifted"),
    [
        pytest.param(memory(), 0.0, id="it stands where it stood"),
        pytest.param(moved(20), 1.0, id="it moved up 20 minutes ago"),
        pytest.param(moved(20, -30.0), 1.0, id="it moved down"),
        pytest.param(moved(10), 0.0, id="not long enough to be a level"),
        pytest.param(moved(75), 0.0, id="more than an hour ago: that is where it stands now"),
        pytest.param(moved(20, 0.5), 0.0, id="hardly"),
        pytest.param(np.r_[np.full(DAY, 4.0), np.full(HOUR, 5.0)], 1.0, id="it never changed"),
        pytest.param(ordinary(3 * DAY)["cpu"], 0.0, id="a day's shape"),
        pytest.param(memory(5 * HOUR), np.nan, id="too little is known"),
    ],
)
def test_a_level_is_left_when_all_newest_rows_stand_outside_of_a_day(
    values: np.ndarray, shifted: float
) -> None:
    assert has_shifted(history_of(60, memory=values)) == pytest.approx(shifted, nan_ok=True)


def errors(*, hour: float, last_minutes: float | None = None) -> np.ndarray:
    share = np.full(3 * HOUR, 0.0)
    share[-HOUR:] = hour
    if last_minutes is not None:
        share[-5:] = last_minutes
    return share


RATIO = Signal(name=SignalName("error_ratio"), query="e")


@pytest.mark.parametrize(
    ("share", "signal", "value"),
    [
        pytest.param(errors(hour=0.5), RATIO, 10.0, id="half of the requests for an hour"),
        pytest.param(errors(hour=0.5, last_minutes=0.0), RATIO, 0.0, id="it is over"),
        pytest.param(errors(hour=0.0, last_minutes=0.6), RATIO, 1.0, id="it has just begun"),
        pytest.param(errors(hour=0.05), RATIO, 1.0, id="as allowed"),
        pytest.param(
            100 * errors(hour=0.5),
            Signal(name=SignalName("errors"), query="e", unit="percent"),
            10.0,
            id="in percent",
        ),
        pytest.param(
            errors(hour=0.5),
            Signal(name=SignalName("errors"), query="e", unit="1/s"),
            np.nan,
            id="errors a second are no share",
        ),
        pytest.param(np.full(3 * HOUR, np.nan), RATIO, np.nan, id="not measured"),
    ],
)
def test_the_error_budget_burns_by_the_lesser_of_an_hour_and_five_minutes(
    share: np.ndarray, signal: Signal, value: float
) -> None:
    history = history_of(60, **{signal.name: share})

    found = burn(history, [signal], allowed=0.05)

    assert found == pytest.approx(value, nan_ok=True, abs=1e-6)
