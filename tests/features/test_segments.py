import numpy as np
import pytest

from healing.features.segments import beginnings, bridge, falls


@pytest.mark.parametrize(
    ("values", "fell"),
    [
        pytest.param([10, 20, 30, 5, 6], [3], id="a restart"),
        pytest.param([10, 20, 30, 27, 35], [], id="a small step back"),
        pytest.param([100, 101, 99, 101], [], id="noise"),
        pytest.param([10, np.nan, 2], [], id="unknown in between"),
        pytest.param([np.nan, np.nan], [], id="unknown"),
        pytest.param([0, 0, 0], [], id="nothing there"),
    ],
)
def test_a_deep_fall_is_told_from_noise(values: list[float], fell: list[int]) -> None:
    assert np.flatnonzero(falls(np.array(values, float))).tolist() == fell


def test_a_gap_ends_a_segment_and_the_first_row_begins_none() -> None:
    values = np.array([np.nan, 1, 2, np.nan, np.nan, 3, 4])

    assert np.flatnonzero(beginnings(values)).tolist() == [5]


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    values = np.array([1, np.nan, 3, np.nan, np.nan, np.nan, np.nan, 8, np.nan])

    bridged = bridge(values)

    assert bridged[:3].tolist() == [1, 2, 3]
    assert np.isnan(bridged[3:7]).all()
    assert np.isnan(bridged[-1])
