"""What one look at one service says."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from healing.failure import Prognosis
from healing.finding import Finding, Kind
from healing.forecast import Exhaustion
from healing.leak import Leak
from healing.names import ServiceName
from healing.policy.exhausting import Alarm
from healing.policy.failing import Likely
from healing.watching.courses import Expected
from healing.watching.peers import Peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one look at one service says.

    Attributes:
        score: How strange its newest row is, 0 to 1 with a fixed meaning; None when unknown.
        why: What makes it strange, or why that is not known.
        forecasts: One for each signal that can run out.
        alarms: Whether each of them is an alarm, and why.
        horizon: The time that counts for them.
        prognosis: How likely the service fails soon.
        likely: Whether that is to be told, and why.
        findings: What deserves attention.
        at: When it was looked at.
        leaks: One for each signal that a process holds on to.
        peers: What the replicas of the service say of each signal that is asked of each.
        expected: What each resource is expected to be, at some times ahead.
        picture: Of the first finding, as a `data:` address; empty when there is none.
        rarity: Of the strangeness that is a finding, minus the decimal logarithm of its
            probability; 0 when it is none.
    """

    service: ServiceName
    score: float | None
    why: str
    forecasts: tuple[Exhaustion, ...]
    alarms: tuple[Alarm, ...]
    horizon: timedelta
    prognosis: Prognosis
    likely: Likely
    findings: tuple[Finding, ...]
    at: datetime
    leaks: tuple[Leak, ...] = ()
    peers: tuple[Peers, ...] = ()
    expected: tuple[Expected, ...] = ()
    picture: str = ""
    rarity: float = 0.0

    @property
    def without_strangeness(self) -> Self:
        """The same, but strangeness is no finding."""
        others = tuple(one for one in self.findings if one.kind is not Kind.ANOMALY)
        picture = self.picture if others else ""
        return replace(self, findings=others, picture=picture, rarity=0.0)
