import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from healing.anomaly.forest import flatten, grow

RANDOM = np.random.default_rng(7)
NORMAL = RANDOM.standard_normal((3000, 6))
ROUNDED = np.column_stack([np.round(NORMAL[:, 0]), NORMAL[:, 1], np.zeros(3000)])


@pytest.mark.parametrize(
    ("rows", "samples"),
    [
        pytest.param(NORMAL, 256, id="six columns of noise"),
        pytest.param(ROUNDED, 256, id="whole numbers and a constant"),
        pytest.param(NORMAL[:20], 20, id="twenty rows"),
        pytest.param(NORMAL[:2], 2, id="two rows"),
        pytest.param(NORMAL * 1e6, 256, id="large numbers"),
    ],
)
def test_flat_trees_say_what_scikit_learn_says(rows: np.ndarray, samples: int) -> None:
    model = IsolationForest(n_estimators=50, max_samples=samples, random_state=3)
    model.fit(rows.astype(np.float32))
    asked = np.concatenate(
        [rows, 3 * rows, model.estimators_[0].tree_.threshold[:, None] + 0 * rows[:1]]
    )

    trees = [estimator.tree_ for estimator in model.estimators_]
    scores = flatten(trees, samples=samples).score(asked)

    assert np.abs(scores + model.score_samples(asked.astype(np.float32))).max() < 1e-7


def test_the_same_seed_grows_the_same_forest() -> None:
    one, same, other = (grow(NORMAL, seed=seed).score(NORMAL) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_it_grows_as_the_forest_of_scikit_learn_does() -> None:
    model = IsolationForest(n_estimators=300, max_samples=256, random_state=3)
    theirs = -model.fit(NORMAL.astype(np.float32)).score_samples(NORMAL.astype(np.float32))
    ours = np.mean([grow(NORMAL, seed=seed).score(NORMAL) for seed in range(3)], axis=0)

    assert abs(ours.mean() - theirs.mean()) < 0.003
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98


def test_a_row_far_away_is_stranger_than_one_in_the_middle() -> None:
    middle, far = grow(NORMAL, seed=1).score(np.array([np.zeros(6), np.full(6, 8.0)]))

    assert far > middle + 0.2


def test_no_rows_have_no_scores() -> None:
    assert grow(NORMAL, seed=1).score(np.empty((0, 6))).shape == (0,)
