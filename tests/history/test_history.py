from datetime import UTC, datetime

import numpy as np
import pytest

from healing.history import History
from healing.names import SignalName

CPU, MEMORY = SignalName("cpu"), SignalName("memory")


def history(values: list[list[float]], start: int = 600) -> History:
    return History(start=start, step=60, signals=(CPU, MEMORY), values=np.array(values, np.float32))


def test_rows_know_their_time() -> None:
    short = history([[1, 2], [3, 4], [5, 6]])

    assert short.times.tolist() == [600, 660, 720]
    assert short.end == 720


def test_the_newest_sample_of_a_signal_is_not_the_newest_row() -> None:
    short = history([[1, 2], [3, np.nan], [5, np.nan]])

    assert short.last_at(MEMORY) == datetime.fromtimestamp(600, UTC)
    assert short.last_at(SignalName("disk")) is None


def test_an_unknown_signal_was_never_measured() -> None:
    assert np.isnan(history([[1, 2]]).column(SignalName("disk"))).tolist() == [True]


def test_the_past_ends_at_the_given_time() -> None:
    short = history([[1, 2], [3, 4], [5, 6]])

    assert short.until(datetime.fromtimestamp(719, UTC)).times.tolist() == [600, 660]
    assert len(short.until(datetime.fromtimestamp(0, UTC))) == 0


def test_values_cannot_be_written_to_and_nobody_else_holds_them() -> None:
    values = np.array([[1, 2]], np.float32)
    kept = History(start=0, step=60, signals=(CPU, MEMORY), values=values)
    values[0, 0] = 9

    assert kept.values[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        kept.values[0, 0] = 9


def test_a_history_off_its_grid_or_of_the_wrong_shape_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="not on a grid"):
        history([[1, 2]], start=601)
    with pytest.raises(ValueError, match="for 2 signals"):
        history([[1, 2, 3]])
    with pytest.raises(ValueError, match="same name"):
        History(start=0, step=60, signals=(CPU, CPU), values=np.zeros((1, 2), np.float32))
