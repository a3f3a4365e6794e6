"""Learning how services fail."""

import numpy as np

from healing import failure
from healing.failure import HORIZONS, SIGNS, Outcomes, Sign
from healing.failure.fitting import fit_monotone

QUARTER, HOUR = (HORIZONS[0].total_seconds(), HORIZONS[1].total_seconds())
LEAK, UPSTREAM = SIGNS.index(Sign.LEAK), SIGNS.index(Sign.UPSTREAM)


def world(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """One in five leaks; half of those fail within a quarter, and one in fifty of the others."""
    chance = np.random.default_rng(5)
    leaks = chance.random(count) < 0.2
    rows = np.full((count, len(HORIZONS), len(SIGNS)), np.nan)
    rows[:, :, LEAK] = leaks[:, None]
    rows[:, :, UPSTREAM] = chance.uniform(0, 5, count)[:, None]
    fails = chance.random(count) < np.where(leaks, 0.5, 0.02)
    return rows, np.where(fails, 600.0, np.inf)


def outcomes(after: np.ndarray, watched: np.ndarray | float = 1e6) -> Outcomes:
    return Outcomes(
        fails_after=after,
        watched_for=np.broadcast_to(np.asarray(watched, float), after.shape),
        episode=np.arange(len(after)),
    )


def test_it_comes_true_as_often_as_it_says() -> None:
    rows, after = world()
    said = failure.learn(rows, outcomes(after)).probability(rows)[:, 0]
    leaks = rows[:, 0, LEAK] == 1
    assert abs(said[leaks].mean() - 0.5) < 0.05
    assert abs(said[~leaks].mean() - 0.02) < 0.01


def test_a_sign_that_says_nothing_gets_next_to_no_weight() -> None:
    rows, after = world()
    weights = failure.learn(rows, outcomes(after)).weights[0]
    assert weights[UPSTREAM] < 0.1 * weights[LEAK]


def test_who_was_healed_in_time_counts_as_neither_failed_nor_survived() -> None:
    failed, known = outcomes(
        np.array([600.0, 600.0, np.inf]), np.array([1e6, 300, 1200])
    ).in_stretches()
    assert failed[:, 0].tolist() == [True, False, False]
    assert known[:, 0].tolist() == [True, False, True]
    assert known[:, 1].tolist() == [False, False, False]


def test_healing_leaks_in_time_does_not_teach_that_leaks_are_harmless() -> None:
    rows, after = world()
    leaks = rows[:, 0, LEAK] == 1
    healed = leaks & (np.random.default_rng(6).random(len(leaks)) < 0.8)
    half_seen = outcomes(after, np.where(healed, 300.0, 1e6))
    taken_for_well = outcomes(np.where(healed, np.inf, after))
    censored, naive = (
        failure.learn(rows, told).probability(rows)[leaks, 0].mean()
        for told in (half_seen, taken_for_well)
    )
    assert naive < 0.15
    assert abs(censored - 0.5) < 0.15


def test_too_few_failures_teach_nothing() -> None:
    rows, _ = world(100)
    after = np.full(100, np.inf)
    after[:2] = 600
    hazard = failure.learn(rows, outcomes(after))
    assert hazard.failures == 0
    assert hazard.probability(rows).tolist() == failure.cold().probability(rows).tolist()


def test_no_weight_is_ever_negative_even_where_data_say_so() -> None:
    chance = np.random.default_rng(7)
    column = chance.random((2000, 1))
    yes = chance.random(2000) < 0.5 * (1 - column[:, 0])
    intercept, weights = fit_monotone(column, yes)
    assert weights.tolist() == [0.0]
    assert abs(1 / (1 + np.exp(-intercept)) - yes.mean()) < 0.01
