"""From a finding to a recovery that has begun."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from healing.diagnosis import Chronicle, Happenings
from healing.diagnosis.causes import LOOP_WINDOW
from healing.errors import UnknownContainerError
from healing.finding import Finding, Kind
from healing.incidents import Attached, Ending, Incident, Opened, Remedy, Stage, new_id
from healing.instances import Health, Instance, What
from healing.names import AGENT, Actor, InstanceName, ServiceName, SignalName
from healing.policy import Attach, Because, Open, Surroundings, Triage, triage
from healing.ports import Launcher
from healing.recovery.journal import Journal
from healing.recovery.noticed import NoticeBook
from healing.roster import Roll

GIVEN_UP = frozenset({Ending.CANCELLED, Ending.ESCALATED})
LEAVE_ALONE_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asks for help.

    Attributes:
        service: One we look after.
        by: Who asks.
        reason: In their words.
        instance: Which container; None takes the one that looks worst.
        remedy: What they want done; None leaves it to the diagnosis.
        dry_run: Plan, and do nothing.
        key: Asking the same twice with the same key asks once; empty: every time counts.
    """

    service: ServiceName
    by: Actor
    reason: str
    instance: InstanceName | None = None
    remedy: Remedy | None = None
    dry_run: bool = False
    key: str = ""

    def wants_the_same_as(self, incident: Incident) -> bool:
        """Tell whether an incident that is open already would do what is asked."""
        return incident.asked_for is self.remedy and incident.dry_run == self.dry_run

    def repeats(self, incident: Incident) -> bool:
        """Tell whether it is what an incident was opened for: its key may serve other requests."""
        return (
            incident.service == self.service
            and self.instance in {None, incident.instance}
            and self.wants_the_same_as(incident)
        )


class Dispatch:
    """Decides what each finding deserves, opens incidents, and has their recovery started.

    Safe to use from several threads: one finding is judged at a time.
    """

    def __init__(
        self,
        journal: Journal,
        roll: Roll,
        chronicle: Chronicle,
        launcher: Launcher,
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._roll = roll
        self._chronicle = chronicle
        self._launcher = launcher
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self.noticed = NoticeBook()
        """Every finding that was judged, and what became of it."""

    def notice(self, finding: Finding, *, remedy: Remedy | None = None) -> Triage:
        """Judge one finding; open or extend an incident when it deserves that.

        Args:
            finding: What was noticed.
            remedy: What the configuration wants done; None leaves it to the diagnosis.
        """
        with self._one_at_a_time:
            instance = finding.instance or self._pick(finding.service)
            open_incident = self._journal.book.about(finding.service, instance)
            around = self._surroundings(finding, instance, open_incident)
            verdict = triage(finding, around)
            incident = around.open_incident
            match verdict:
                case Attach():
                    self._journal.write(verdict.incident, Attached(finding))
                case Open():
                    opened = Opened(
                        service=finding.service,
                        instance=instance,
                        finding=finding,
                        by=AGENT,
                        remedy=remedy,
                    )
                    incident = self._journal.write(new_id(self._clock()), opened).id
                    self._launcher.launch(incident)
                case _:
                    pass
            self.noticed.write(finding, verdict.because, incident, now=self._clock())
            return verdict

    def request(self, request: Request) -> Incident:
        """Open an incident because somebody asks for help, or join the one that is open already.

        The caller starts the recovery.

        Raises:
            UnknownServiceError: We look after no such service.
            UnknownContainerError: It has no such container.
        """
        with self._one_at_a_time:
            owner = self._roll.now.service(request.service)
            instance = self._asked_for(request) or self._pick(owner.name)
            for asked in self._journal.book.asked_with(request.key):
                if request.repeats(asked):
                    return asked
            known = self._journal.book.about(owner.name, instance)
            finding = Finding(
                service=owner.name,
                instance=instance,
                kind=Kind.REQUESTED,
                signal=SignalName("request"),
                score=1.0,
                detail=f"{request.by} asked: {request.reason}",
                at=self._clock(),
            )
            if known is not None and request.wants_the_same_as(known):
                return self._journal.write(known.id, Attached(finding))
            opened = Opened(
                service=owner.name,
                instance=instance,
                finding=finding,
                by=request.by,
                remedy=request.remedy,
                dry_run=request.dry_run,
                key=request.key,
            )
            return self._journal.write(new_id(self._clock()), opened)

    def _surroundings(
        self, finding: Finding, instance: InstanceName | None, incident: Incident | None
    ) -> Surroundings:
        last = self._journal.book.last_about(instance)
        lately = self._chronicle.of(instance) if instance else ()
        listed = self._roll.now.instances.get(instance) if instance else None
        return Surroundings(
            service=self._roll.now.stack.services.get(finding.service),
            open_incident=incident.id if incident else None,
            already_says=incident is not None
            and any(known.fingerprint == finding.fingerprint for known in incident.findings),
            in_hand=incident is not None and incident.stage is Stage.ACTING,
            left_alone=left_alone(last, lately, listed, self._clock()) if last else None,
        )

    def _asked_for(self, request: Request) -> InstanceName | None:
        """Make sure that a container somebody names belongs to the service they name."""
        known = tuple(instance.name for instance in self._roll.now.of(request.service))
        if request.instance is not None and request.instance not in known:
            raise UnknownContainerError(request.service, request.instance, known)
        return request.instance

    def _pick(self, service: ServiceName) -> InstanceName | None:
        """Choose the container that looks worst; None when the service has none."""
        instances = self._roll.now.of(service)
        return min(instances, key=_wellness).name if instances else None


def left_alone(
    last: Incident, lately: Happenings, instance: Instance | None, now: datetime
) -> Because | None:
    """Say why a container is left as it is after its last incident; None when it is not.

    Holds for an hour, or until somebody starts the container. The engine counts the starts of its
    restart policy, from the last start by somebody else on; they are none of those, unless the
    container has stayed up since.
    """
    if last.closed is None or last.closed_at is None or last.closed.ending not in GIVEN_UP:
        return None
    closed_at = last.closed_at
    starts = [h.at for h in lately if h.what is What.STARTED and h.at > closed_at]
    if len(starts) > (instance.restart_count if instance else 0):
        return None
    if starts and now - starts[-1] > LOOP_WINDOW:
        return None
    return last.closed.because if now - last.closed_at < LEAVE_ALONE_FOR else None


def _wellness(instance: Instance) -> tuple[bool, bool, float]:
    started = instance.started_at.timestamp() if instance.started_at else 0.0
    return (instance.is_running, instance.health is not Health.UNHEALTHY, started)
