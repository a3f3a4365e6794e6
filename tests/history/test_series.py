import numpy as np

from healing.history import Samples, one_series


def samples(start: int, count: int, value: float = 1.0, step: int = 15) -> Samples:
    return Samples(start + step * np.arange(count, dtype=float), np.full(count, value))


def test_a_container_that_was_made_anew_continues_its_series() -> None:
    old, new = samples(0, 10, value=1.0), samples(150, 10, value=2.0)

    joined = one_series([new, old])

    assert joined is not None
    assert joined.times.tolist() == [15.0 * n for n in range(20)]
    assert joined.values.tolist() == [1.0] * 10 + [2.0] * 10


def test_an_old_series_that_lingers_yields_to_the_new_one() -> None:
    old, new = samples(0, 20, value=1.0), samples(150, 20, value=2.0)

    joined = one_series([old, new])

    assert joined is not None
    assert joined.values.tolist() == [1.0] * 10 + [2.0] * 20


def test_two_replicas_side_by_side_are_not_one_series() -> None:
    assert one_series([samples(0, 100), samples(0, 100)]) is None


def test_two_replicas_are_seen_in_a_short_window_too() -> None:
    assert one_series([samples(0, 3), samples(0, 3)]) is None


def test_a_second_replica_that_stays_is_not_a_successor() -> None:
    assert one_series([samples(0, 100), samples(150, 90)]) is None


def test_a_series_without_a_number_counts_for_nothing() -> None:
    joined = one_series([samples(0, 3, value=np.nan), samples(0, 3, value=7.0)])

    assert joined is not None
    assert joined.values.tolist() == [7.0, 7.0, 7.0]


def test_no_series_is_one_without_samples() -> None:
    joined = one_series([])

    assert joined is not None
    assert joined.times.size == 0
