"""One question to the metric store, and what came back."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from healing.names import SignalName


class Answer(StrEnum):
    """How the metric store answered."""

    OK = "ok"
    EMPTY = "empty"
    """No sample in the time asked for."""
    SEVERAL = "several"
    """More than one series side by side; the query has to aggregate them."""
    BAD_QUERY = "bad_query"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One question: a signal between two times, both included, in seconds since the epoch."""

    signal: SignalName
    query: str
    start: int
    end: int
    step: int


def _no_samples() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the metric store answered.

    Attributes:
        read: The question.
        answer: How it was answered.
        times: When, in seconds since the epoch. Shape (m,).
        values: How much; may hold NaN and infinities. Shape (m,).
        until: The store has answered up to here, in seconds since the epoch; None when not at all.
        detail: One sentence for a person when the answer is not OK.
    """

    read: Read
    answer: Answer
    times: NDArray[np.float64] = field(default_factory=_no_samples)
    values: NDArray[np.float64] = field(default_factory=_no_samples)
    until: int | None = None
    detail: str = ""
