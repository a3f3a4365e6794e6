import numpy as np
import pytest

from healing.features.foresight import CARRIED, LAGS, LONGER, learn_foresight


def course(rows: int = 3000, seed: int = 1) -> np.ndarray:
    """Follow a rule, 0.9 of the row before, with a little noise."""
    noise = np.random.default_rng(seed).normal(0, 0.1, rows)
    values = np.zeros((rows, 1))
    for row in range(1, rows):
        values[row] = 0.9 * values[row - 1] + noise[row]
    return values


RULE = learn_foresight(course())


def test_what_follows_the_rule_is_missed_by_its_noise_only() -> None:
    values = course(seed=2)

    missed = RULE.missed_by(values)[LAGS:]

    assert np.std(missed) == pytest.approx(0.1, rel=0.05)
    assert np.std(values) > 2 * np.std(missed)


def test_what_breaks_the_rule_is_missed_by_as_much_as_it_breaks_it() -> None:
    values = course(seed=2)
    broken = values.copy()
    broken[1000:] += 3.0

    difference = RULE.missed_by(broken) - RULE.missed_by(values)

    assert difference[1000, 0] == pytest.approx(3.0)
    assert np.abs(difference[1100:]).max() < 0.5


def test_nothing_is_said_until_enough_rows_before_are_known() -> None:
    missed = RULE.missed_by(course(200))

    assert np.isnan(missed[:LAGS]).all()
    assert np.isfinite(missed[LAGS:]).all()


def test_a_short_gap_is_passed_over_and_after_a_long_one_nothing_is_said_for_a_while() -> None:
    values = course(300)
    values[100 : 100 + CARRIED] = np.nan
    values[200 : 201 + CARRIED] = np.nan

    unknown = np.flatnonzero(np.isnan(RULE.missed_by(values)[LAGS:, 0])) + LAGS

    assert unknown.tolist() == [*range(100, 100 + CARRIED), *range(200, 201 + CARRIED + LAGS)]


def test_a_row_knows_only_so_many_rows_before_it() -> None:
    values = course(500)
    other = values.copy()
    other[: -LONGER - 1] = 7.0

    assert RULE.missed_by(other)[-1] == pytest.approx(RULE.missed_by(values)[-1], abs=1e-9)


def test_an_outlier_in_history_does_not_become_the_rule() -> None:
    spoilt = course()
    spoilt[1500] = 1e6

    assert learn_foresight(spoilt).missed_by(course(seed=2)) == pytest.approx(
        RULE.missed_by(course(seed=2)), abs=1.0, nan_ok=True
    )
    assert np.isfinite(learn_foresight(np.full((100, 2), np.nan)).weights).all()
