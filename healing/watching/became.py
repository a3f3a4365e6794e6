"""What became of a service after each look, as its incidents tell it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.failure import Outcomes
from healing.finding import Kind
from healing.incidents import Incident

FAILS = frozenset({Kind.EXITED, Kind.UNHEALTHY, Kind.UNRESPONSIVE})
"""What is a failure; everything else is a word about one to come, or a wish."""
UNSEEN = 1800.0
"""After so many seconds without a look nobody can say that a service did not fail."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Failure:
    """From when to when a service did not work, in seconds since the epoch."""

    began: float
    ended: float
    """Infinite while it has not."""


def failures_in(incidents: Collection[Incident]) -> list[Failure]:
    """List the failures among incidents, oldest first.

    An incident that began with a foreboding is a failure from the moment it came true.
    """
    found = list[Failure]()
    for incident in incidents:
        fell = [finding.at.timestamp() for finding in incident.findings if finding.kind in FAILS]
        if fell:
            ended = incident.closed_at.timestamp() if incident.closed_at else np.inf
            found.append(Failure(min(fell), max(min(fell), ended)))
    return sorted(found, key=lambda failure: failure.began)


def interventions_in(incidents: Collection[Incident]) -> list[float]:
    """List when somebody acted, so that what would have become of it is not known."""
    return sorted(act.at.timestamp() for one in incidents if not one.dry_run for act in one.acts)


def what_became(
    times: NDArray[np.float64],
    incidents: Collection[Incident],
    *,
    first_episode: int,
) -> tuple[NDArray[np.bool_], Outcomes]:
    """Say of each look at one service what came next.

    Args:
        times: Of the looks, in seconds since the epoch, rising. Shape (n,).
        incidents: All of that service, in that time.
        first_episode: Episodes are numbered from here.

    Returns:
        Which looks are worth learning from, those at which it had not failed already, of shape
        (n,), and what became of all of them.
    """
    failures = failures_in(incidents)
    began = np.array([failure.began for failure in failures])
    well = np.ones(len(times), np.bool_)
    for failure in failures:
        well &= (times < failure.began) | (times > failure.ended)
    nxt = np.searchsorted(began, times, side="left")
    fails_after = _next(began, times) - times
    watched_until = np.minimum(_unbroken_until(times), _next(interventions_in(incidents), times))
    comes = np.isfinite(fails_after)
    # A look that no failure follows shares its course with those of the same day.
    days = (times // DAY).astype(np.int64)
    calm = len(failures) + days - (days.min() if len(days) else 0)
    return well, Outcomes(
        fails_after=fails_after,
        watched_for=watched_until - times,
        episode=first_episode + np.where(comes, nxt, calm),
    )


def _next(
    events: Sequence[float] | NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the first event at or after each time; infinite when there is none. Shape (n,)."""
    ahead = np.append(np.asarray(events, np.float64), np.inf)
    return ahead[np.searchsorted(ahead[:-1], times, side="left")]


def _unbroken_until(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give, for each look, the last one before looks break off for long. Shape (n,)."""
    if not len(times):
        return times
    last = np.append(np.flatnonzero(np.diff(times) > UNSEEN), len(times) - 1)
    return times[last[np.searchsorted(last, np.arange(len(times)))]]
