"""An Isolation Forest as plain arrays: grown by scikit-learn, asked by NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil
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
        trees, inner = len(self.feature), self.feature.shape[1]
        feature, threshold, values = self.feature.ravel(), self.threshold.ravel(), rows.ravel()
        tree = np.arange(trees)
        row: NDArray[np.int64] = rows.shape[1] * np.arange(len(rows))[:, None]
        node: NDArray[np.int64] = np.zeros((len(rows), trees), np.int64)
        for _ in range(self.path.shape[1].bit_length() - 1):
            asked: NDArray[np.int64] = inner * tree + node
            above = values.take(row + feature.take(asked)) > threshold.take(asked)
            node = 2 * node + 1 + above
        leaf: NDArray[np.int64] = (inner + 1) * tree + node - inner
        lengths = self.path.ravel().take(leaf)
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
    sklearn: Any = import_module("sklearn")
    tree: Any = import_module("sklearn.tree")
    seen = rows.astype(np.float32)
    count = min(SAMPLES, len(seen))
    depth = max(1, ceil(np.log2(max(count, 2))))
    rng = np.random.RandomState(seed)
    grown = list[Any]()
    # The trees of its Isolation Forest, without the wrapping, which costs more than the growing.
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        for _ in range(TREES):
            sample = rng.choice(len(seen), count, replace=False)
            one = tree.ExtraTreeRegressor(
                max_depth=depth, max_features=1, splitter="random", random_state=rng
            )
            one.fit(seen[sample], rng.uniform(size=count), check_input=False)
            grown.append(one.tree_)
    return flatten(grown, samples=count)


def flatten(trees: Sequence[Any], *, samples: int) -> Forest:
    """Lay the trees of scikit-learn (`tree_`), grown on so many rows each, out as heaps."""
    depth = max(1, *(int(tree.max_depth) for tree in trees))
    first = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    left = np.concatenate([tree.children_left + at for tree, at in zip(trees, first, strict=True)])
    right = np.concatenate(
        [tree.children_right + at for tree, at in zip(trees, first, strict=True)]
    )
    asked = np.concatenate([tree.feature for tree in trees])
    above = _rounded_down(np.concatenate([tree.threshold for tree in trees]))
    rest = expected_path(np.concatenate([tree.n_node_samples for tree in trees]))
    inner = asked >= 0

    feature = np.zeros((len(trees), 2**depth - 1), np.int16)
    threshold = np.full(feature.shape, np.inf, np.float32)
    node, level = first[:, None], np.zeros((len(trees), 1))
    for deep in range(depth):
        width = node.shape[1]
        splits = inner[node]
        feature[:, width - 1 : 2 * width - 1] = np.where(splits, asked[node], 0)
        threshold[:, width - 1 : 2 * width - 1] = np.where(splits, above[node], np.inf)
        # A leaf above the last level passes everything down to its first child, itself.
        children = np.where(splits, left[node], node), np.where(splits, right[node], node)
        node = np.stack(children, axis=2).reshape(len(trees), 2 * width)
        level = np.repeat(np.where(splits, deep + 1, level), 2, axis=1)
    return Forest(
        feature=feature,
        threshold=threshold,
        path=(level + rest[node]).astype(np.float32),
        usual_path=float(expected_path(np.array([samples]))[0]),
    )


def expected_path(count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the expected length of a path among `count` rows (Liu 2008, equation 1)."""
    many = np.maximum(count, 3)
    length = 2 * (np.log(many - 1.0) + EULER) - 2 * (many - 1.0) / many
    return np.select([count <= 1, count == 2], [0.0, 1.0], length)  # noqa: PLR2004 a pair


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round to float32 that part float32 values as the float64 did."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
