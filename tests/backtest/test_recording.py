import numpy as np
import pytest

from healing.backtest import from_split, from_times
from healing.errors import BadInputError

T0 = 1_700_000_000 // 60 * 60


def test_times_fall_on_a_grid_whose_step_is_found() -> None:
    times = T0 + 60 * np.array([0, 1, 2, 5])

    found = from_times("x", times, np.array([1.0, 2, 3, 4]))

    assert (found.history.start, found.history.step) == (T0, 60)
    assert found.rows.tolist() == [0, 1, 2, 5]
    column = found.history.values[:, 0].tolist()
    assert column == pytest.approx([1, 2, 3, np.nan, np.nan, 4], nan_ok=True)


@pytest.mark.parametrize("phase", [0.0, 7.0, 29.0, 31.0, 59.0])
def test_times_that_come_a_little_early_or_late_keep_their_row(phase: float) -> None:
    late = np.random.default_rng(1).uniform(-12, 12, 500)

    found = from_times("x", T0 + phase + 60 * np.arange(500) + late, np.arange(500.0))

    assert found.rows.tolist() == list(range(500))
    assert found.history.step == 60


def test_rows_in_any_order_are_put_in_order() -> None:
    order = np.random.default_rng(2).permutation(50)

    found = from_times("x", T0 + 60 * order, order.astype(float))

    assert found.history.values[:, 0].tolist() == list(range(50))
    assert found.rows.tolist() == order.tolist()


@pytest.mark.parametrize("to_a_second", [1, 1_000, 1_000_000, 1_000_000_000])
def test_times_may_be_in_finer_units_than_seconds(to_a_second: int) -> None:
    found = from_times("x", (T0 + 60 * np.arange(5)) * to_a_second, np.arange(5.0))

    assert (found.history.start, found.history.step) == (T0, 60)


def test_of_two_rows_at_the_same_time_the_first_that_measured_counts() -> None:
    times = T0 + 60 * np.array([0, 1, 1, 1, 2])

    found = from_times("x", times, np.array([1.0, np.nan, 5.0, 7.0, 2.0]))

    assert found.history.values[:, 0].tolist() == [1, 5, 2]


def test_labels_fall_where_their_rows_fall() -> None:
    found = from_times("x", T0 + 60 * np.array([0, 1, 4]), np.ones(3), labels=np.array([0, 1, 1]))

    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == [1, 4]


def test_rows_to_judge_follow_those_to_learn_from() -> None:
    found = from_split("x", np.zeros((10, 2)), np.ones((4, 2)), step=300, labels=np.ones(4))

    assert (len(found.history), found.trained, found.history.step) == (14, 10, 300)
    assert found.rows.tolist() == [10, 11, 12, 13]
    assert found.labels is not None
    assert found.labels.sum() == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: from_split("x", np.zeros((5, 2)), np.zeros((5, 3))), "2 signals"),
        (lambda: from_split("x", np.zeros((5, 2, 2)), np.zeros((5, 2))), "shape"),
        (lambda: from_split("x", np.array(["a"]), np.zeros(3)), "numbers are needed"),
        (lambda: from_split("x", np.zeros(5), np.zeros(5), step=0), "`step`"),
        (lambda: from_split("x", np.zeros(5), np.zeros(5), labels=np.ones(4)), "test_labels"),
        (lambda: from_times("x", np.arange(3), np.zeros(4)), "3 timestamps for 4"),
        (lambda: from_times("x", np.array([]), np.array([])), "no row"),
        (lambda: from_times("x", np.array([1, np.nan]), np.zeros(2)), "no time"),
        (lambda: from_times("x", np.array(["NaT"], "datetime64[s]"), np.zeros(1)), "no time"),
        (lambda: from_times("x", np.array([0, 1, 2, 1e10]), np.zeros(4)), "too many"),
        (lambda: from_times("x", np.append(T0 + 60 * np.arange(99), 0), np.zeros(100)), "too many"),
        (lambda: from_times("x", np.arange(3.0) - 9e10, np.zeros(3)), "years 1 to 9999"),
        (lambda: from_split("x", np.zeros(9), np.zeros(9), step=1e300), "`step`"),
    ],
    ids=[
        *("signals", "shape", "text", "step", "labels", "times", "empty", "nan", "no date", "far"),
        *("a time of zero", "before the first year", "a step without end"),
    ],
)
def test_arrays_that_do_not_fit_are_named(make: object, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        make()  # type: ignore[operator]


def test_names_must_be_as_many_as_columns() -> None:
    with pytest.raises(BadInputError, match="1 `names` for 2 columns"):
        from_times("x", T0 + 60 * np.arange(5), np.ones((5, 2)), signals=["cpu"])
