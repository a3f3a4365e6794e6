"""Series that Hypothesis makes up, in the shapes that metrics have: whole numbers, with gaps."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

SHAPES = ("constant", "noise", "walk", "day", "saw-tooth", "switch", "spikes", "counter", "steps")
LARGEST = 2**14
FARTHEST = 2**16
"""Whole numbers below `LARGEST`, moved by no more than this, stay whole in float32."""


@dataclass(frozen=True)
class Made:
    """How to make one series; few words, so that what Hypothesis finds can be read."""

    shape: str
    size: int
    seed: int
    gaps: float
    """Share of the rows in which nothing was measured."""

    def values(self, rows: int) -> NDArray[np.float64]:
        random = np.random.default_rng(self.seed)
        row, size = np.arange(rows), float(self.size)
        match self.shape:
            case "constant":
                made = np.full(rows, size)
            case "noise":
                made = size + random.normal(0, 1 + size / 20, rows)
            case "walk":
                made = size + np.cumsum(random.normal(0, 2, rows))
            case "day":
                made = size * (1 + np.sin(row / 15)) + random.normal(0, 3, rows)
            case "saw-tooth":
                made = size * (row % (5 + self.seed % 40)) / 8
            case "switch":
                made = size * (random.random(rows) < 0.1)
            case "spikes":
                made = size * random.pareto(2, rows)
            case "counter":
                made = size * row / 10
            case "steps":
                made = size * (row * 6 // max(rows, 1) % 4)
            case _:
                raise ValueError(self.shape)
        made[random.random(rows) < self.gaps] = np.nan
        return np.clip(np.round(made), -LARGEST, LARGEST)


def series(gaps: tuple[float, ...] = (0.0, 0.05, 0.4)) -> st.SearchStrategy[Made]:
    return st.builds(
        Made,
        shape=st.sampled_from(SHAPES),
        size=st.integers(0, 400),
        seed=st.integers(0, 10**6),
        gaps=st.sampled_from(gaps),
    )


def several(most: int, **how: tuple[float, ...]) -> st.SearchStrategy[list[Made]]:
    return st.lists(series(**how), min_size=1, max_size=most)


def columns_of(made: list[Made], rows: int) -> dict[str, NDArray[np.float64]]:
    return {f"s{place}": one.values(rows) for place, one in enumerate(made)}


powers_of_two = st.integers(-20, 20).map(lambda power: 2.0**power)
whole_shifts = st.integers(-FARTHEST, FARTHEST)
anything = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -5.0, 1e9])
