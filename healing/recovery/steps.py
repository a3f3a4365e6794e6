"""One recovery, step by step: each step does one thing and writes it down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from healing.diagnosis import Evidence, diagnose, exhibits
from healing.errors import UnknownServiceError
from healing.incidents import (
    Answer,
    Begun,
    Closed,
    Decided,
    Diagnosed,
    Ending,
    Incident,
    Looked,
    Recorded,
)
from healing.instances import Instance
from healing.names import AGENT, Actor, IncidentId
from healing.policy import Because
from healing.recovery.hands import Hands
from healing.recovery.journal import Journal
from healing.recovery.look import Lookout
from healing.recovery.trials import Trials
from healing.remedies import choose
from healing.verification import Look, expect, judge

ASK_WHAT_HAPPENED = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """An incident, and the latest look at its container."""

    incident: Incident
    evidence: Evidence

    @property
    def instance(self) -> Instance:
        """The container.

        Raises:
            ValueError: It is gone; a diagnosis says so before anybody asks.
        """
        if self.evidence.instance is None:
            raise ValueError(f"the container of incident {self.incident.id} is gone")
        return self.evidence.instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of a recovery. Each may block; each writes the ledger before it returns."""

    lookout: Lookout
    hands: Hands
    journal: Journal
    trials: Trials

    def begin(self, incident: IncidentId, by: Actor = AGENT) -> Incident:
        """Take an incident up.

        Raises:
            KeyError: There is no such incident.
        """
        return self.journal.write(incident, Begun(by))

    def settle(self, incident: Incident) -> Incident:
        """Find out what became of an act whose answer was never written; touches nothing."""
        act = incident.open_act
        if act is None:
            return incident
        while (acted := self.hands.reconcile(act, incident)) is None:
            time.sleep(ASK_WHAT_HAPPENED.total_seconds())
        return self.journal.write(incident.id, acted)

    def look(self, incident: Incident) -> Scene:
        """Gather the evidence."""
        evidence = self.lookout.gather(incident)
        looked = Looked(exhibits(evidence), evidence.logs)
        return Scene(self.journal.write(incident.id, looked), evidence)

    def diagnose(self, scene: Scene) -> Scene:
        """Name the likely causes."""
        causes = diagnose(scene.evidence)
        return Scene(self.journal.write(scene.incident.id, Diagnosed(causes)), scene.evidence)

    def decide(self, scene: Scene) -> Scene:
        """Choose what to do, or to do nothing, and why."""
        incident = scene.incident
        choice = choose(incident, incident.causes, scene.evidence.instance, scene.evidence.at)
        return Scene(self.journal.write(incident.id, Decided(choice)), scene.evidence)

    def ask_gates(self, scene: Scene) -> Scene:
        """Ask whether we may act now."""
        incident = scene.incident
        if incident.choice is None:
            raise ValueError(f"nothing is decided for incident {incident.id}")
        gated = self.hands.ask_gates(
            incident, scene.evidence.service, scene.instance, incident.choice
        )
        return Scene(self.journal.write(incident.id, gated), scene.evidence)

    def act(self, scene: Scene) -> Incident:
        """Write the intent, act, write the outcome; do nothing when it was ended meanwhile."""
        choice = scene.incident.choice
        if choice is None or choice.remedy is None:
            raise ValueError(f"no remedy is chosen for incident {scene.incident.id}")
        service = scene.evidence.service
        intended = self.hands.intend(service, scene.instance, choice.remedy)
        incident = self.journal.write(scene.incident.id, intended)
        if not incident.is_open:
            return incident
        acted = self.hands.act(intended, scene.instance, service)
        return self.journal.write(incident.id, acted) if acted else self.settle(incident)

    def look_again(self, incident: Incident) -> Look:
        """Look whether the last act helps.

        Once it looks well, and its callers share a breaker that still refuses calls, further looks
        are trials of that breaker as well: no user has to try it out.
        """
        look = self.lookout.look(incident)
        if not look.is_good or not look.is_an_answer:
            return look

        def check() -> bool:
            nonlocal look
            look = self.lookout.look(incident)
            return look.is_good

        tried = self.trials.settle_by(
            incident.service, check, act=(incident.id, len(incident.acts))
        )
        return replace(look, trial=tried)

    def judge(self, incident: Incident, looks: Sequence[Look]) -> Incident | None:
        """Judge the looks since the last act, unless it was ended meanwhile. None: look again."""
        known = self.journal.book.get(incident.id)
        if known is not None and not known.is_open:
            return known
        if not looks:
            return None
        service = self.lookout.roll.now.service(incident.service)
        expectation = expect(service, looks[-1].instance)
        since, now = incident.acts[-1].at, self.lookout.clock()
        breaker = self.lookout.breaker(service.name)
        refused = breaker is not None and breaker.refuses
        verdict = judge(expectation, looks, acted_at=since, now=now, refused=refused)
        return self.journal.write(incident.id, verdict) if verdict else None

    def close(
        self,
        incident: Incident,
        ending: Ending,
        because: Because,
        detail: str,
        by: Actor = AGENT,
    ) -> Incident:
        """End it."""
        closed = Closed(ending=ending, because=because, detail=detail, by=by)
        return self.journal.write(incident.id, closed)

    def recorded(self, incident: Incident, run: str, *, live: bool) -> Incident:
        """Note which flow run tells the story."""
        return self.journal.write(incident.id, Recorded(run=run, live=live))

    def has_changed(self, incident: Incident) -> bool:
        """Look at a waiting incident without writing: would it be decided otherwise now?"""
        try:
            evidence = self.lookout.gather(incident)
        except UnknownServiceError:
            return True
        causes = diagnose(evidence)
        choice = choose(incident, causes, evidence.instance, evidence.at)
        because = choice.because
        if choice.answer is Answer.ACT and evidence.instance is not None:
            service = evidence.service
            gated = self.hands.ask_gates(incident, service, evidence.instance, choice)
            because = gated.because
        return because is not incident.waits_because
