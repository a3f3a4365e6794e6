"""What Prometheus said, on a regular grid, gaps kept."""

from healing.history.counters import is_counter, per_second
from healing.history.freshness import Freshness, State, freshness
from healing.history.grid import Grid
from healing.history.history import History, Mark
from healing.history.reading import Answer, Read, Reading
from healing.history.reads import absorb, what_to_read
from healing.history.series import Samples, one_series
from healing.history.wording import say, say_rate, say_time

__all__ = [
    "Answer",
    "Freshness",
    "Grid",
    "History",
    "Mark",
    "Read",
    "Reading",
    "Samples",
    "State",
    "absorb",
    "freshness",
    "is_counter",
    "one_series",
    "per_second",
    "say",
    "say_rate",
    "say_time",
    "what_to_read",
]
