"""May we act now? Each gate answers pass, or hold with a reason; the first that holds wins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from healing.diagnosis.chronicle import Happenings, last
from healing.incidents import Act, Code, Gated, Incident, Remedy
from healing.instances import Instance, What
from healing.names import InstanceName
from healing.policy.because import Because
from healing.policy.storm import TRY_ONE_AFTER, Storm
from healing.services import Level, Limits, Service

HANDS_OFF = timedelta(minutes=5)
"""How long we keep away from a container after a person worked on it."""
DOES_NOT_ANSWER = frozenset({Code.HUNG, Code.NOT_LISTENING, Code.FAILING_HEALTHCHECK})
"""Causes that are only as true as our way of asking; that a container ended is a fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything the gates may look at, gathered before they are asked."""

    now: datetime
    service: Service
    instance: Instance
    remedy: Remedy
    switched_off: str = ""
    """Who switched acting off and why; empty while it is on."""
    ourselves: frozenset[str] = frozenset()
    """Ids of the containers that we ourselves run in."""
    protected: frozenset[InstanceName] = frozenset()
    acts: tuple[tuple[Incident, Act], ...] = ()
    """What was done to this service within the budget window and the last two hours."""
    happenings: Happenings = ()
    healthy_peers: int | None = None
    """Other containers of the service that are well; None when it has no others."""
    storm: Storm | None = None
    """The trouble of many services that this one's began with; None when it is its own."""
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Not now."""

    because: Because
    detail: str
    until: datetime | None = None


Gate: TypeAlias = Callable[[Incident, Situation], Hold | None]


def _dry_run(incident: Incident, _: Situation) -> Hold | None:
    if not incident.dry_run:
        return None
    return Hold(because=Because.DRY_RUN, detail="only a dry run was asked for")


def _switch(_: Incident, s: Situation) -> Hold | None:
    if not s.switched_off:
        return None
    again = s.now + timedelta(seconds=15)
    return Hold(because=Because.SWITCHED_OFF, detail=s.switched_off, until=again)


def _ourselves(_: Incident, s: Situation) -> Hold | None:
    if s.instance.id not in s.ourselves:
        return None
    return Hold(because=Because.SELF_PROTECTION, detail="that is the container we run in")


def _protected(_: Incident, s: Situation) -> Hold | None:
    if s.instance.name not in s.protected:
        return None
    return Hold(because=Because.PROTECTED, detail=f"{s.instance.name} is on the protected list")


def _label(_: Incident, s: Situation) -> Hold | None:
    if not s.service.hold:
        return None
    return Hold(because=Because.HELD_BY_LABEL, detail=s.service.hold)


def _level(incident: Incident, s: Situation) -> Hold | None:
    if incident.insisted_on is not None:
        return None
    if s.service.level is Level.OBSERVE:
        return Hold(because=Because.OBSERVE_ONLY, detail="its level is observe")
    if s.service.level is Level.RECOMMEND:
        return Hold(because=Because.RECOMMEND_ONLY, detail="its level is recommend")
    return None


def _approval(_: Incident, s: Situation) -> Hold | None:
    needed = s.service.critical or s.service.level is Level.APPROVE
    if not needed or s.approved:
        return None
    why = "it is marked critical" if s.service.critical else "its level is approve"
    return Hold(because=Because.APPROVAL_REQUIRED, detail=f"a person must approve: {why}")


def _hands_off(incident: Incident, s: Situation) -> Hold | None:
    """A person who is working on a running container is not interrupted."""
    if incident.insisted_on is not None or s.remedy is Remedy.START:
        return None
    seen = last(s.happenings, What.UNPAUSED)
    if seen is None or s.now - seen.at >= HANDS_OFF:
        return None
    until = seen.at + HANDS_OFF
    detail = f"somebody was at work on it at {seen.at:%H:%M:%S} ({seen.what})"
    return Hold(because=Because.HUMAN_AT_WORK, detail=detail, until=until)


def _last_replica(incident: Incident, s: Situation) -> Hold | None:
    """A restart of the last good copy would make an outage of a warning."""
    if s.healthy_peers is None or s.healthy_peers > 0 or s.remedy is not Remedy.RESTART:
        return None
    if incident.cause is None or not incident.cause.code.is_a_warning:
        return None
    again = s.now + timedelta(seconds=15)
    detail = "no other copy of the service is well, and this one still answers"
    return Hold(because=Because.LAST_REPLICA, detail=detail, until=again)


def _storm(incident: Incident, s: Situation) -> Hold | None:
    """What many services have at once no restart mends; when it lasts, one of them is tried."""
    if s.storm is None or incident.insisted_on is not None or s.remedy is not Remedy.RESTART:
        return None
    if incident.cause is None or incident.cause.code not in DOES_NOT_ANSWER:
        return None
    first = s.storm.services[0] == s.service.name
    if first and s.now - s.storm.since >= TRY_ONE_AFTER:
        return None
    others = len(s.storm.services) - 1
    detail = (
        f"{others} of {s.storm.asked} services stopped answering well with it since "
        f"{s.storm.since:%H:%M:%S}, and none because of another: that is no fault of one container"
    )
    return Hold(because=Because.STORM, detail=detail, until=s.now + timedelta(seconds=15))


def _cool_down(incident: Incident, s: Situation) -> Hold | None:
    mine = [
        act
        for other, act in s.acts
        if other.id != incident.id
        and other.instance == s.instance.name
        and s.now - act.at <= timedelta(hours=1)
    ]
    if not mine:
        return None
    pause = rest(s.service.limits, len(mine))
    until = max(act.at for act in mine) + pause
    if until <= s.now:
        return None
    detail = f"acted on it {len(mine)} times within the hour; resting for {pause}"
    return Hold(because=Because.COOLING_DOWN, detail=detail, until=until)


def rest(limits: Limits, acts: int) -> timedelta:
    """Say how long to keep away after `acts` acts within an hour: doubling, up to an hour."""
    return min(limits.cool_down * 2 ** (acts - 1), timedelta(hours=1))


def _budget(_: Incident, s: Situation) -> Hold | None:
    limits = s.service.limits
    spent = sorted(act.at for _, act in s.acts if s.now - act.at < limits.budget_window)
    if len(spent) < limits.budget:
        return None
    until = spent[len(spent) - limits.budget] + limits.budget_window
    detail = (
        f"{len(spent)} acts on {s.service.name} within {limits.budget_window}, "
        f"and {limits.budget} are allowed"
    )
    return Hold(because=Because.BUDGET_EXHAUSTED, detail=detail, until=until)


GATES: Mapping[str, Gate] = {
    "dry run": _dry_run,
    "switched on": _switch,
    "not ourselves": _ourselves,
    "not protected": _protected,
    "no hold": _label,
    "level": _level,
    "approval": _approval,
    "nobody at work on it": _hands_off,
    "another copy is well": _last_replica,
    "no storm": _storm,
    "cool-down": _cool_down,
    "budget": _budget,
}
"""All gates, in the order they are asked."""


def ask(incident: Incident, situation: Situation, gates: Mapping[str, Gate] = GATES) -> Gated:
    """Ask every gate in order, until one holds."""
    passed: list[str] = []
    for name, gate in gates.items():
        hold = gate(incident, situation)
        if hold is not None:
            return Gated(
                passed=tuple(passed),
                held_by=name,
                because=hold.because,
                detail=hold.detail,
                until=hold.until,
            )
        passed.append(name)
    return Gated(passed=tuple(passed))
