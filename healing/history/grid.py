"""How finely, and for how long, history is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_ROWS = 250_000
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The rules of keeping history."""

    step: timedelta = timedelta(minutes=1)
    """From one row to the next; whole seconds."""
    keep: timedelta = timedelta(days=14)
    """Older rows are dropped."""
    reread: timedelta = timedelta(minutes=5)
    """How far a read goes back over known ground, for samples that came late."""
    stale_after: timedelta = timedelta(minutes=2)
    """A newest sample older than this (or two steps, if longer) is stale."""

    def __post_init__(self) -> None:
        if self.step < SECOND or self.step % SECOND:
            raise ValueError(f"step must be whole seconds, at least one: {self.step}")
        if self.keep < self.step:
            raise ValueError(f"keep ({self.keep}) must not be shorter than step ({self.step})")
        if self.rows > MOST_ROWS:
            raise ValueError(
                f"{self.keep} at a step of {self.step} is {self.rows} rows; at most {MOST_ROWS} "
                "are kept: take a longer step or keep less"
            )

    @property
    def step_seconds(self) -> int:
        """The step in seconds."""
        return self.step // SECOND

    @property
    def rows(self) -> int:
        """How many rows are kept at most."""
        return self.keep // self.step

    def newest(self, now: datetime) -> int:
        """Give the newest row that `now` allows, in seconds since the epoch."""
        return int(now.timestamp()) // self.step_seconds * self.step_seconds

    def oldest(self, now: datetime) -> int:
        """Give the oldest row that is kept, in seconds since the epoch."""
        return self.newest(now) - (self.rows - 1) * self.step_seconds

    def stale_seconds(self) -> float:
        """Age from which a newest sample is stale."""
        return max(self.stale_after, 2 * self.step).total_seconds()
