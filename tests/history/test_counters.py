import numpy as np
import pytest

from healing.history import is_counter, per_second


@pytest.mark.parametrize(
    ("query", "is_one"),
    [
        pytest.param("http_requests_total", True, id="a bare name"),
        pytest.param(' a:b_total{x="}", y=~"a|b"} ', True, id="a selector with a brace in a label"),
        pytest.param("rate(http_requests_total[5m])", False, id="a rate"),
        pytest.param('a_total{x="1"} / b_total{x="1"}', False, id="a ratio of two"),
        pytest.param("a_total[5m]", False, id="a range"),
        pytest.param("memory_bytes", False, id="a gauge"),
        pytest.param("total", False, id="a name that only resembles one"),
    ],
)
def test_only_a_bare_counter_is_read_as_a_rate(query: str, *, is_one: bool) -> None:
    assert is_counter(query) is is_one


def test_a_counter_that_begins_again_at_zero_has_grown_by_what_it_shows() -> None:
    rate = per_second(np.array([100.0, 160.0, 30.0, 90.0]), 60)

    assert rate[1:].tolist() == [1.0, 0.5, 1.0]


def test_the_rate_across_a_gap_is_unknown() -> None:
    rate = per_second(np.array([0.0, 60.0, np.nan, 600.0, 660.0]), 60)

    assert np.isnan(rate).tolist() == [True, False, True, True, False]
