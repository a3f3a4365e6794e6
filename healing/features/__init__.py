"""What the models read: how far, and in which ways, signals stray from what is usual."""

from healing.features.causal import mean_of_last, median
from healing.features.foresight import Foresight, learn_foresight
from healing.features.meaning import score_of, surprise_of
from healing.features.settled import LASTS
from healing.features.strangeness import (
    Measure,
    Strayed,
    Way,
    beside,
    learn_measure,
    rows_needed,
    strangeness,
)
from healing.features.usual import GAUSSIAN, Usual, learn_usual

__all__ = [
    "GAUSSIAN",
    "LASTS",
    "Foresight",
    "Measure",
    "Strayed",
    "Usual",
    "Way",
    "beside",
    "learn_foresight",
    "learn_measure",
    "learn_usual",
    "mean_of_last",
    "median",
    "rows_needed",
    "score_of",
    "strangeness",
    "surprise_of",
]
