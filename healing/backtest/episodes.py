"""Alarms against what really happened, counted as a person on call counts: by episode."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MERGED = 3600
"""Seconds: alarms that follow each other sooner are one episode, as one incident would be."""
AFTER = 600
"""Seconds after its end that an event may still be told of, for what lasts needs rows to last."""
DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What alarms were worth. Counts add up over series; rates are properties."""

    events: int = 0
    """Times that something was wrong."""
    found: int = 0
    """Of these, how many an alarm fell on."""
    episodes: int = 0
    """Alarms, those that follow each other closely taken together."""
    true_episodes: int = 0
    """Of these, how many fell on something that was wrong."""
    days: float = 0.0
    """Judged time of all series, in days."""
    delays: tuple[float, ...] = ()
    """Seconds from the beginning of each found event to its first alarm."""

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            events=self.events + other.events,
            found=self.found + other.found,
            episodes=self.episodes + other.episodes,
            true_episodes=self.true_episodes + other.true_episodes,
            days=self.days + other.days,
            delays=self.delays + other.delays,
        )

    @property
    def precision(self) -> float:
        """Share of episodes that were true; NaN without any."""
        return self.true_episodes / self.episodes if self.episodes else float("nan")

    @property
    def recall(self) -> float:
        """Share of events that were found; NaN without any."""
        return self.found / self.events if self.events else float("nan")

    @property
    def false_per_day(self) -> float:
        """False-alarm episodes per day of one series."""
        return (self.episodes - self.true_episodes) / self.days if self.days else float("nan")

    @property
    def delay(self) -> float:
        """Median seconds until an event that was found was told; NaN without any."""
        return float(np.median(self.delays)) if self.delays else float("nan")


def runs(flags: NDArray[np.bool_], *, merged: int = 0) -> NDArray[np.int64]:
    """List the runs of true rows as first and last row. Shape (m, 2).

    Args:
        flags: Shape (n,).
        merged: Runs with at most so many rows between them are one.

    Example:
        >>> runs(np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], bool), merged=1).tolist()
        [[1, 4], [8, 8]]
    """
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    apart = first[1:] - last[:-1] - 1 > merged
    if not first.size:
        return np.empty((0, 2), np.int64)
    return np.stack([first[np.append(True, apart)], last[np.append(apart, True)]], axis=1)


def outcome_of(alarms: NDArray[np.bool_], wrong: NDArray[np.bool_], *, step: int) -> Outcome:
    """Compare alarms with what was wrong.

    Args:
        alarms: Rows at which it was told. Shape (n,).
        wrong: Rows at which something was wrong. Shape (n,).
        step: Seconds from one row to the next.
    """
    events = runs(wrong)
    episodes = runs(alarms, merged=MERGED // step)
    grace = AFTER // step
    reach = np.zeros(len(wrong) + 1, np.int64)
    for first, last in events:
        reach[first] += 1
        reach[min(last + grace + 1, len(wrong))] -= 1
    near = np.cumsum(reach[:-1]) > 0
    told = np.flatnonzero(alarms)
    delays = list[float]()
    for number, (first, last) in enumerate(events):
        # An alarm in the grace of one event that falls into the next belongs to the next.
        until = last + grace
        if number + 1 < len(events):
            until = min(until, events[number + 1][0] - 1)
        at = int(np.searchsorted(told, int(first)))
        if at < len(told) and told[at] <= until:
            delays.append(float((told[at] - first) * step))
    true = [bool((alarms & near)[first : last + 1].any()) for first, last in episodes]
    return Outcome(
        events=len(events),
        found=len(delays),
        episodes=len(episodes),
        true_episodes=sum(true),
        days=len(alarms) * step / DAY,
        delays=tuple(delays),
    )


def at_random(alarms: NDArray[np.bool_], *, step: int, seed: int) -> NDArray[np.bool_]:
    """Throw the same episodes of alarms, as long as they were, anywhere."""
    rng = np.random.default_rng(seed)
    thrown = np.zeros(len(alarms), np.bool_)
    for first, last in runs(alarms, merged=MERGED // step):
        length = int(last - first + 1)
        at = int(rng.integers(0, len(alarms) - length + 1))
        thrown[at : at + length] |= alarms[first : last + 1]
    return thrown
