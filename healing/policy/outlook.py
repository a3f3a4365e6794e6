"""Which forecast, and which strangeness, deserves to be a finding."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.anomaly import lasting
from healing.failure import Prognosis
from healing.features import score_of
from healing.finding import Finding, Kind
from healing.forecast import Exhaustion
from healing.leak import Leak
from healing.names import InstanceName, ServiceName, SignalName
from healing.policy.exhausting import Alarm
from healing.policy.failing import Likely, Terms

BEHAVIOUR = SignalName("behaviour")
"""The signal of a finding about all signals of a service together."""
FAILURE = SignalName("failure")
"""The signal of a finding about the service as a whole, and what will become of it."""
LEAKS_SURELY = 0.9
"""The score of a leak: the test that found it is wrong less than once in ten."""
LEAST, PER_UNIT = 5.5, 2.5
"""Of minutes, at sensitivity 0 one in 300,000 counts as strange, at 1 one in 1,000; evenly between
them. That is one in 220 days, and one in 17 hours."""
MINUTE = 60
COMMONEST = 2.0
"""Decades: however few rows a day has, what one in a hundred reaches is not strange."""


def strange_from(sensitivity: float, *, step: int = MINUTE) -> float:
    """Give the score from which a row counts as strange.

    It is as often a day at any step from a minute on: fewer rows a day may each be less rare. Rows
    that follow each other sooner say the same, and count as those of a minute.

    Args:
        sensitivity: 0 (hardly ever) to 1 (often); sets the rate of false alarms and nothing else.
        step: Seconds between rows.

    Example:
        >>> [round(strange_from(s), 4) for s in (0.0, 0.6, 1.0)]
        [0.9997, 0.99, 0.9]
        >>> [round(strange_from(0.8, step=step), 2) for step in (10, 60, 300, 3600)]
        [0.97, 0.97, 0.85, 0.5]
    """
    rare = LEAST - PER_UNIT * sensitivity - float(np.log10(max(step, MINUTE) / MINUTE))
    return float(score_of(np.array(max(rare, COMMONEST))))


def alarms(
    scores: NDArray[np.float64], worth: NDArray[np.bool_], *, step: int, sensitivity: float
) -> NDArray[np.bool_]:
    """Say at which rows there is an alarm: strangeness has lasted, in signals that matter.

    Args:
        scores: Beside the rows of late, from 0 to 1, NaN where unknown. Shape (n,).
        worth: Where a signal that speaks for the row strays as configured. Shape (n,).
        step: Seconds between rows.
        sensitivity: 0 to 1.
    """
    return lasting(scores, at_least=strange_from(sensitivity, step=step)) & worth


def finding_of_exhaustion(
    service: ServiceName, instance: InstanceName | None, forecast: Exhaustion, alarm: Alarm
) -> Finding | None:
    """Say that something will be full within the time that counts; None when it is no alarm."""
    if not alarm.is_raised:
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


def finding_of_failure(
    service: ServiceName, prognosis: Prognosis, likely: Likely, *, terms: Terms, at: datetime
) -> Finding | None:
    """Say that a service will probably fail; None when that is not to be told."""
    if not likely.is_told:
        return None
    return Finding(
        service=service,
        instance=None,
        kind=Kind.FAILING,
        signal=FAILURE,
        score=terms.of(prognosis),
        detail=likely.reason,
        at=at,
    )


def finding_of_strangeness(
    service: ServiceName,
    scores: NDArray[np.float64],
    why: str,
    *,
    step: int,
    worth: NDArray[np.bool_],
    sensitivity: float,
    at: datetime,
) -> Finding | None:
    """Say that a service has behaved strangely for a while; None when it has not.

    Args:
        service: Which.
        scores: Of its newest rows, beside those of late. Shape (n,).
        why: The reasons, in words.
        step: Seconds between rows.
        worth: Where a signal that speaks for the row strays as configured. Shape (n,).
        sensitivity: 0 to 1.
        at: When it was looked at.
    """
    if not alarms(scores, worth, step=step, sensitivity=sensitivity)[-1:].any():
        return None
    return Finding(
        service=service,
        instance=None,
        kind=Kind.ANOMALY,
        signal=BEHAVIOUR,
        score=float(scores[-1]),
        detail=why or "no single signal stands out",
        at=at,
    )
