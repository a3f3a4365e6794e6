"""The only place that touches a container: gates asked, intent written, fence checked, act."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from healing.errors import (
    HealingError,
    InstanceGoneError,
    OutcomeUnknownError,
    RefusedError,
    TemporaryError,
)
from healing.incidents import (
    Act,
    Acted,
    Choice,
    Fence,
    Gated,
    Incident,
    Intended,
    Outcome,
    Remedy,
)
from healing.instances import Instance
from healing.names import InstanceName
from healing.ports import Host
from healing.recovery.journal import Journal
from healing.recovery.look import Lookout
from healing.recovery.switch import Switch
from healing.remedies import Situation, ask, broken, fence
from healing.services import Service
from healing.verification import expect

REMEMBER = timedelta(hours=2)
"""How far back acts count for cool-down and budget, at least."""
SLACK = timedelta(seconds=15)
"""How much longer than its grace period an act may take before we call it not happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """May touch containers, one incident at a time each."""

    host: Host
    lookout: Lookout
    journal: Journal
    switch: Switch
    clock: Callable[[], datetime]
    protected: frozenset[InstanceName] = frozenset()
    ourselves: frozenset[str] = frozenset()

    def ask_gates(
        self, incident: Incident, service: Service, instance: Instance, choice: Choice
    ) -> Gated:
        """Gather what the gates may look at, and ask them."""
        now = self.clock()
        window = max(REMEMBER, service.limits.budget_window)
        situation = Situation(
            now=now,
            service=service,
            instance=instance,
            remedy=choice.remedy or Remedy.RESTART,
            switched_off=self.switch.why_off(),
            ourselves=self.ourselves,
            protected=self.protected,
            acts=self.journal.book.acts(service.name, since=now - window),
            happenings=self.lookout.chronicle.of(instance.name),
            healthy_peers=self.lookout.well_peers(service, instance),
            storm=self.lookout.storm_around(service),
        )
        return ask(incident, situation)

    def intend(self, service: Service, instance: Instance, remedy: Remedy) -> Intended:
        """State what will be done, to exactly which container, and what must be seen afterwards."""
        expected = str(expect(service, instance))
        return Intended(remedy=remedy, fence=fence(instance), expectation=expected)

    def act(self, intended: Intended, instance: Instance, service: Service) -> Acted | None:
        """Do it, if it is still the container that was meant. The intent is already on disk.

        Returns:
            None when no answer came in time: reconcile it.
        """
        begun = self.clock()
        try:
            outcome, detail = self._touch(intended, instance.name, service)
        except OutcomeUnknownError:
            return None
        return Acted(outcome=outcome, detail=detail, took=self.clock() - begun)

    def reconcile(self, act: Act, incident: Incident) -> Acted | None:
        """Find out what became of an act whose answer was never written.

        Returns:
            None while it may still be under way: ask again a little later.
        """
        instance = self.lookout.inspect(incident)
        now = self.clock()
        took = now - act.at
        if instance is None:
            return Acted(outcome=Outcome.UNKNOWN, detail="the container is gone", took=took)
        if instance.id != act.intended.fence.id:
            return Acted(outcome=Outcome.SUPERSEDED, detail="it was replaced", took=took)
        if instance.started_at is not None and instance.started_at != act.intended.fence.started_at:
            done = f"it was started again at {instance.started_at:%H:%M:%S}"
            return Acted(outcome=Outcome.DONE, detail=done, took=took)
        limit = SLACK if act.intended.remedy is Remedy.START else instance.stop_grace + SLACK
        if took < limit:
            return None
        stopped = act.intended.remedy is Remedy.RESTART and instance.is_down
        detail = "it was stopped, and not started again" if stopped else "it did not happen"
        return Acted(outcome=Outcome.UNKNOWN, detail=detail, took=took)

    def _touch(
        self, intended: Intended, name: InstanceName, service: Service
    ) -> tuple[Outcome, str]:
        try:
            now = self.host.inspect(name)
            if change := broken(intended.fence, now):
                return Outcome.SUPERSEDED, change
            return Outcome.DONE, self._do(intended.fence, intended.remedy, now, service)
        except OutcomeUnknownError:
            raise
        except (RefusedError, InstanceGoneError) as error:
            return Outcome.REFUSED, str(error)
        except TemporaryError as error:
            return Outcome.NOT_BEGUN, str(error)
        except HealingError as error:
            return Outcome.REFUSED, f"not begun: {error}"

    def _do(self, fenced: Fence, remedy: Remedy, now: Instance, service: Service) -> str:
        match remedy:
            case Remedy.START:
                self.host.start(fenced.id)
                return "started"
            case Remedy.RESTART:
                grace = service.limits.stop_grace or now.stop_grace
                self.host.restart(fenced.id, grace=grace)
                return f"restarted, with {grace.total_seconds():g} s to stop by itself"
