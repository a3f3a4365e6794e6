"""Which forecast, and which strangeness, deserves to be a finding."""

import itertools
from datetime import datetime, timedelta

from healing.anomaly import Scores, lasting
from healing.finding import Finding, Kind
from healing.forecast import Exhaustion
from healing.leak import Leak
from healing.names import InstanceName, ServiceName, SignalName

BEHAVIOUR = SignalName("behaviour")
"""The signal of a finding about all signals of a service together."""
LEAKS_SURELY = 0.9
"""The score of a leak: the test that found it is wrong less than once in ten."""
LEAST, PER_UNIT = 5.0, 2.5
"""At sensitivity 0 one row in 100,000 counts as strange, at 1 one in 300; between them evenly."""
DECADES = ((2.0, 0.5), (3.0, 0.9), (4.0, 0.99), (5.0, 0.999))


def strange_from(sensitivity: float) -> float:
    """Give the score from which a row counts as strange.

    Args:
        sensitivity: 0 (hardly ever) to 1 (often); sets the rate of false alarms and nothing else.

    Example:
        >>> [round(strange_from(s), 3) for s in (0.0, 0.8, 1.0)]
        [0.999, 0.9, 0.7]
    """
    decades = LEAST - PER_UNIT * sensitivity
    for (lower, low), (upper, high) in itertools.pairwise(DECADES):
        if decades <= upper:
            return low + (high - low) * (decades - lower) / (upper - lower)
    return DECADES[-1][1]


def finding_of_exhaustion(
    service: ServiceName, instance: InstanceName | None, forecast: Exhaustion
) -> Finding | None:
    """Say that something will be full within the time that counts; None when it will not."""
    if not forecast.exhausts:
        return None
    return Finding(
        service=service,
        instance=instance,
        kind=Kind.EXHAUSTION,
        signal=forecast.signal,
        score=max(forecast.certainty, 0.5),
        detail=forecast.reason,
        at=forecast.at,
    )


def finding_of_leak(
    service: ServiceName, instance: InstanceName | None, leak: Leak, *, within: timedelta
) -> Finding | None:
    """Say that a leak fills something within the time that counts; None when it does not.

    A leak that fills it later is left to the report: a restart now would only hide it.
    """
    if not leak.leaks or leak.full_in is None or leak.full_in > within:
        return None
    return Finding(
        service=service,
        instance=instance,
        kind=Kind.EXHAUSTION,
        signal=leak.signal,
        score=LEAKS_SURELY,
        detail=leak.reason,
        at=leak.at,
    )


def finding_of_strangeness(
    service: ServiceName,
    scores: Scores,
    why: str,
    *,
    sensitivity: float,
    at: datetime,
) -> Finding | None:
    """Say that a service has behaved strangely for a while; None when it has not."""
    if not len(scores.values):
        return None
    if not lasting(scores.values, at_least=strange_from(sensitivity))[-1]:
        return None
    return Finding(
        service=service,
        instance=None,
        kind=Kind.ANOMALY,
        signal=BEHAVIOUR,
        score=float(scores.values[-1]),
        detail=why or "no single signal stands out",
        at=at,
    )
