import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from healing.features.causal import mean_of_last, median, rows_before

maybe = st.one_of(st.just(np.nan), st.floats(-1e3, 1e3, allow_subnormal=False))


@given(arrays(float, (20, 2), elements=maybe), st.integers(1, 30))
def test_the_mean_of_the_last_rows_is_the_mean_of_what_was_measured(
    values: np.ndarray, rows: int
) -> None:
    means = mean_of_last(values, rows)

    for row in range(20):
        for column in range(2):
            seen = values[max(0, row - rows + 1) : row + 1, column]
            seen = seen[np.isfinite(seen)]
            expected = seen.mean() if seen.size else np.nan
            assert means[row, column] == pytest.approx(expected, nan_ok=True, abs=1e-9)


@given(arrays(float, (9, 3), elements=maybe))
def test_the_median_ignores_what_was_not_measured(stack: np.ndarray) -> None:
    for column in range(3):
        known = stack[np.isfinite(stack[:, column]), column]
        expected = np.median(known) if known.size else np.nan
        assert median(stack)[column] == pytest.approx(expected, nan_ok=True)


def test_before_the_beginning_nothing_is_known() -> None:
    moved = rows_before(np.array([[1.0], [2], [3]]), 2)

    assert moved[:, 0].tolist() == pytest.approx([np.nan, np.nan, 1.0], nan_ok=True)
    assert np.isnan(rows_before(np.ones((3, 1)), 5)).all()
