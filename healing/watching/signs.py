"""Gather what speaks for a failure of one service."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.diagnosis import Happenings, was_asked_to_stop
from healing.diagnosis.chronicle import deaths
from healing.failure import HORIZONS, Sign, Signs, chance_within, rarity, recency
from healing.forecast import Exhaustion, Outlook
from healing.leak import Because, Leak
from healing.watching.became import Failure
from healing.watching.lately import Strangeness

AN_HOUR = timedelta(hours=1)
UNKNOWN = Strangeness()


def gather(  # noqa: PLR0913 each is a sign of its own
    scores: NDArray[np.float64],
    forecasts: Sequence[Exhaustion],
    happenings: Iterable[Happenings],
    *,
    now: datetime,
    leaks: Sequence[Leak] = (),
    failures: Sequence[Failure] = (),
    lately: Strangeness = UNKNOWN,
    upstream: float = math.nan,
    shifted: float = math.nan,
    burn: float = math.nan,
) -> Signs:
    """Put together what is known; what is not is left out, which is not zero.

    Args:
        scores: How strange the newest rows are, NaN where unknown. Shape (n,), also (0,).
        forecasts: Of everything that can run out.
        happenings: What happened to each container.
        now: The present time.
        leaks: What was said of everything that can leak; too little to say counts as unknown.
        failures: Of the service, as far back as is remembered.
        lately: How strange it was for an hour and a day.
        upstream: How strange the worst service is that it needs, -log10 p.
        shifted: 1 when a signal has moved to another level within the last hour, 0 when not.
        burn: How many times faster than allowed the error budget is used up.
    """
    since = np.array([[now.timestamp() - failure.ended for failure in failures]])
    decades = rarity(scores)
    known = decades[np.isfinite(decades)]
    fell = [deaths(h, since=now - AN_HOUR) for h in happenings if not was_asked_to_stop(h)]
    said = [leak for leak in leaks if leak.because is not Because.TOO_LITTLE]
    return Signs(
        values={
            Sign.STRANGEST: float(known.max()) if known.size else math.nan,
            Sign.STRANGENESS: lately.hour,
            Sign.DRIFT: lately.times,
            Sign.UPSTREAM: upstream,
            Sign.LEVEL_SHIFT: shifted,
            Sign.BURN: burn,
            Sign.LEAK: float(any(leak.leaks for leak in said)) if said else math.nan,
            Sign.RESTARTS: float(sum(fell)),
            Sign.RECENT_FAILURES: float(recency(since)[0]),
        },
        full_within=_full_within(forecasts),
    )


def _full_within(forecasts: Sequence[Exhaustion]) -> tuple[float, ...]:
    """Give the probability that anything is full; unknown when nothing could be said of any."""
    told = [
        chance_within(forecast.soonest, forecast.likely, forecast.latest)
        for forecast in forecasts
        if forecast.outlook is not Outlook.UNKNOWN
    ]
    if not told:
        return (math.nan,) * len(HORIZONS)
    return tuple(float(column.max()) for column in np.array(told).T)
