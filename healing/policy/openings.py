"""Which change of a fleet's breaker is an opening, and so a sign of trouble: pure rules."""

from healing.breakers import Because, State
from healing.breakers.operating import FleetBreaker
from healing.finding import Finding, Kind
from healing.names import ServiceName, SignalName

_LETS_CALLS_THROUGH = frozenset({State.CLOSED, State.HALF_OPEN})


def is_an_opening(before: FleetBreaker | None, after: FleetBreaker) -> bool:
    """Tell whether a breaker opened by itself between two looks.

    One that was open already when it was first seen is no news, and neither is what an operator
    did, or what came of it. One that was open both times has opened anew when trials failed.
    """
    if before is None or after.state is not State.OPEN or after.because is Because.OPERATOR:
        return False
    reopened = before.state is State.OPEN and after.opened > before.opened
    return before.state in _LETS_CALLS_THROUGH or reopened


def sign_of_opening(breaker: FleetBreaker) -> Finding:
    """Say what an opening is a sign of: the service it is named after fails its callers."""
    counts = f"{breaker.failed} of {breaker.calls} calls failed"
    if breaker.slow:
        counts += f", {breaker.slow} were slow"
    said = {
        Because.TRIALS_FAILED: "trials failed",
        Because.FAIL_RATE: counts,
        Because.FAIL_COUNT: counts,
        Because.IN_A_ROW: counts,
        Because.SLOW_RATE: counts,
    }.get(breaker.because, breaker.because.value)
    who = f", seen by {breaker.failing} of {breaker.members} processes" if breaker.members else ""
    return Finding(
        service=ServiceName(breaker.name),
        instance=None,
        kind=Kind.BREAKER_OPEN,
        # One opening, one fingerprint.
        signal=SignalName(f"breaker@{breaker.epoch}"),
        score=1.0,
        detail=f"the breaker of {breaker.name} opened: {said}{who}",
        at=breaker.seen_at,
    )
