"""An Isolation Forest as plain arrays: grown by scikit-learn, asked by NumPy."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

TREES = 100
SAMPLES = 256
"""Rows each tree is grown on; more hide what is strange behind what is usual (Liu 2008)."""
CHUNK = 4096
EULER = float(np.euler_gamma)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Trees of one depth, as heaps: the children of node i are 2i + 1 (not above) and 2i + 2.

    Attributes:
        feature: The column a node looks at. Shape (trees, 2**depth - 1).
        threshold: Values above it go to the second child. Shape (trees, 2**depth - 1).
        path: Length of the path to each leaf, with the expected rest where several rows of the
            sample share it. Shape (trees, 2**depth).
        usual_path: Expected length of a path, by which lengths are measured.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    path: NDArray[np.float32]
    usual_path: float

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score rows by how few questions set them apart; higher is stranger.

        Shape (n, features) in, (n,) out, from 0 to 1. It is scikit-learn's `-score_samples`.
        """
        seen = rows.astype(np.float32)
        parts = [self._score(seen[first : first + CHUNK]) for first in range(0, len(seen), CHUNK)]
        return np.concatenate([np.empty(0), *parts])

    def _score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        trees = np.arange(len(self.feature))
        at = np.arange(len(rows))[:, None]
        node = np.zeros((len(rows), len(trees)), np.int64)
        for _ in range(self.path.shape[1].bit_length() - 1):
            above = rows[at, self.feature[trees, node]] > self.threshold[trees, node]
            node = 2 * node + 1 + above
        lengths = self.path[trees, node - self.feature.shape[1]]
        return np.exp2(-lengths.mean(axis=1, dtype=np.float64) / self.usual_path)


def grow(rows: NDArray[np.float64], *, seed: int) -> Forest:
    """Grow a forest on rows of features.

    Args:
        rows: Shape (n, features), no NaN.
        seed: The same rows and seed grow the same forest.

    Source:
        Liu, Ting, Zhou (2008), Isolation Forest.
    """
    # Its import costs more than 100 MB of memory, and only training needs it.
    ensemble: Any = import_module("sklearn.ensemble")
    model = ensemble.IsolationForest(
        n_estimators=TREES, max_samples=min(SAMPLES, len(rows)), random_state=seed
    )
    model.fit(rows.astype(np.float32))
    return flatten(model)


def flatten(model: Any) -> Forest:
    """Lay the trees of a fitted `sklearn.ensemble.IsolationForest` out as heaps."""
    trees = [estimator.tree_ for estimator in model.estimators_]
    depth = max(1, *(int(tree.max_depth) for tree in trees))
    feature = np.zeros((len(trees), 2**depth - 1), np.int16)
    threshold = np.full(feature.shape, np.inf, np.float32)
    path = np.zeros((len(trees), 2**depth), np.float32)
    for number, tree in enumerate(trees):
        _lay_out(tree, depth, feature[number], threshold[number], path[number])
    return Forest(
        feature=feature,
        threshold=threshold,
        path=path,
        usual_path=float(expected_path(np.array([model.max_samples_]))[0]),
    )


def expected_path(count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the expected length of a path among `count` rows (Liu 2008, equation 1)."""
    many = np.maximum(count, 3)
    length = 2 * (np.log(many - 1.0) + EULER) - 2 * (many - 1.0) / many
    return np.select([count <= 1, count == 2], [0.0, 1.0], length)  # noqa: PLR2004 a pair


def _lay_out(
    tree: Any,
    depth: int,
    feature: NDArray[np.int16],
    threshold: NDArray[np.float32],
    path: NDArray[np.float32],
) -> None:
    lengths = expected_path(np.asarray(tree.n_node_samples))
    todo = [(0, 0, 0)]
    while todo:
        node, place, level = todo.pop()
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left != right:
            feature[place] = tree.feature[node]
            threshold[place] = _rounded_down(tree.threshold[node])
            todo += [(left, 2 * place + 1, level + 1), (right, 2 * place + 2, level + 1)]
            continue
        # A leaf above the last level passes everything down to its leftmost end.
        leaf = place
        for _ in range(depth - level):
            leaf = 2 * leaf + 1
        path[leaf - len(feature)] = level + lengths[node]


def _rounded_down(threshold: float) -> np.float32:
    """Round to a float32 that parts float32 values as the float64 did."""
    rounded = np.float32(threshold)
    return np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded
