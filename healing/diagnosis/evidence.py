"""Everything a diagnosis may look at, gathered before it judges."""

from dataclasses import dataclass
from datetime import datetime

from healing.breakers.operating import FleetBreaker
from healing.diagnosis.chronicle import Happenings
from healing.finding import Finding
from healing.incidents import Exhibit
from healing.instances import Health, Instance
from healing.names import ServiceName
from healing.services import Probe, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer:
    """What one probe said, just now."""

    probe: Probe
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """How a service stands that this one needs."""

    name: ServiceName
    ok: bool | None
    """None when we cannot tell."""
    detail: str
    up_since: datetime | None = None
    """Since when it is well, at the earliest; None when nothing tells, or it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look at one container and its neighbourhood."""

    at: datetime
    service: Service
    instance: Instance | None
    """None when it is gone."""
    findings: tuple[Finding, ...]
    act_asked_for: bool = False
    """Whether somebody asked for an act, and not only for a look."""
    half_restarted: bool = False
    """Whether a restart of ours stopped it, and it was not started again."""
    happenings: Happenings = ()
    probes: tuple[ProbeAnswer, ...] = ()
    """Empty when there is none, or when it does not run."""
    dependencies: tuple[Dependency, ...] = ()
    logs: str = ""
    breaker: FleetBreaker | None = None
    """Of its callers; None when they share none, or nobody knows how it stands."""
    unread: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def answers(self) -> bool | None:
        """Whether every probe got a good answer; None when nothing was asked."""
        return all(p.ok for p in self.probes) if self.probes else None


def exhibits(evidence: Evidence) -> tuple[Exhibit, ...]:
    """Put the evidence into rows that a person can read."""
    rows = [*_container(evidence)]
    rows += [Exhibit(f"probe {i}", p.detail) for i, p in enumerate(evidence.probes, 1)]
    rows += [Exhibit(f"needs {d.name}", d.detail) for d in evidence.dependencies]
    if evidence.breaker is not None:
        rows.append(Exhibit("its callers' breaker", evidence.breaker.sentence()))
    lately = evidence.happenings[-6:]
    if lately:
        words = ", ".join(f"{h.what} {h.at:%H:%M:%S}" for h in lately)
        rows.append(Exhibit("lately", words))
    rows += [Exhibit("not read", gap) for gap in evidence.unread]
    return tuple(rows)


def _container(evidence: Evidence) -> list[Exhibit]:
    it = evidence.instance
    if it is None:
        return [Exhibit("container", "gone")]
    state = [it.status.value]
    if not it.is_running and it.exit_code is not None:
        state.append(f"exit code {it.exit_code}")
    if it.out_of_memory:
        state.append("killed for using too much memory")
    if it.error:
        state.append(it.error)
    rows = [Exhibit("container", f"{it.name} ({it.id[:12]}), image {it.image}")]
    rows.append(Exhibit("state", ", ".join(state)))
    if it.is_running and it.started_at is not None:
        rows.append(Exhibit("running since", f"{it.started_at:%Y-%m-%d %H:%M:%S} UTC"))
    if it.restart_count:
        rows.append(Exhibit("restarts by the engine", str(it.restart_count)))
    if it.health is not Health.NONE:
        checks = "; ".join(f"exit {c.exit_code}: {c.output[:80]}" for c in it.health_log[-3:])
        rows.append(Exhibit("health check", f"{it.health}" + (f" ({checks})" if checks else "")))
    return rows
