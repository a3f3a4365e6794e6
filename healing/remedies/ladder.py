"""What to do about a cause: the rungs to climb, and where the ladder ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from healing.incidents import Answer, Cause, Choice, Code, Incident, Outcome, Remedy
from healing.instances import Instance
from healing.policy.because import Because

ATTEMPTS_PER_RUNG = 2
ASK_UPSTREAM_AGAIN = timedelta(seconds=15)
ASK_AGAIN = timedelta(seconds=15)

TRIED = frozenset({Outcome.DONE, Outcome.UNKNOWN})
"""Outcomes that count as an attempt."""

RUNGS: Mapping[Code, tuple[Remedy, ...]] = {
    Code.EXITED: (Remedy.START,),
    Code.KILLED: (Remedy.START,),
    Code.OUT_OF_MEMORY: (Remedy.START,),
    Code.HUNG: (Remedy.RESTART,),
    Code.NOT_LISTENING: (Remedy.RESTART,),
    Code.FAILING_HEALTHCHECK: (Remedy.RESTART,),
    Code.MEMORY_LEAK: (Remedy.RESTART,),
}
"""Causes that an act can mend, and the acts, mildest first."""

LEAVE_ALONE: Mapping[Code, Because] = {
    Code.COMPLETED: Because.COMPLETED_OK,
    Code.GONE: Because.TARGET_GONE,
    Code.RECOVERED: Because.WELL_AGAIN,
    Code.WELL: Because.NOTHING_WRONG,
    Code.STRANGE: Because.WITHOUT_IMPACT,
}
"""Causes that ask for nothing."""

WAIT_FOR_A_CHANGE: Mapping[Code, Because] = {
    Code.HUMAN_STOPPED: Because.HUMAN_STOPPED,
    Code.STOP_UNEXPLAINED: Because.STOP_CAUSE_UNKNOWN,
    Code.PAUSED: Because.PAUSED_BY_OPERATOR,
}
"""Causes that a person made, and that only a person (or the container itself) ends."""

WAIT_A_LITTLE: Mapping[Code, tuple[Because, timedelta]] = {
    Code.UPSTREAM_DOWN: (Because.UPSTREAM_DOWN, ASK_UPSTREAM_AGAIN),
    Code.ENGINE_RESTARTING: (Because.ENGINE_RESTARTS_IT, ASK_AGAIN),
    Code.STARTING: (Because.STARTING, timedelta(seconds=5)),
}
"""Causes that may pass by themselves."""

FOR_A_PERSON: Mapping[Code, Because] = {
    Code.CRASH_LOOP: Because.CRASH_LOOP,
    Code.START_FAILED: Because.START_FAILED,
    Code.BROKEN_HEALTHCHECK: Because.HEALTHCHECK_MISCONFIGURED,
    Code.EXHAUSTION: Because.NO_REMEDY,
}
"""Causes that no act of ours can mend."""


def choose(
    incident: Incident, causes: Sequence[Cause], instance: Instance | None, now: datetime
) -> Choice:
    """Choose what to do about the most likely cause.

    A rung is tried twice; when the last rung has not helped, a person is called.
    """
    cause = causes[0]
    said = cause.evidence[0]

    if cause.code in LEAVE_ALONE:
        return Choice(answer=Answer.NOTHING, because=LEAVE_ALONE[cause.code], detail=said)

    if cause.code is Code.CALLS_FAIL and incident.asked_for is None:
        detail = f"{said}; the container looks well, and there is nothing that a recovery could do"
        return Choice(answer=Answer.NOTHING, because=Because.NO_REMEDY, detail=detail)

    if cause.code in WAIT_FOR_A_CHANGE and incident.insisted_on is None:
        return Choice(answer=Answer.WAIT, because=WAIT_FOR_A_CHANGE[cause.code], detail=said)

    if cause.code in WAIT_A_LITTLE:
        because, pause = WAIT_A_LITTLE[cause.code]
        return Choice(answer=Answer.WAIT, because=because, detail=said, until=now + pause)

    if cause.code in FOR_A_PERSON:
        return Choice(answer=Answer.ESCALATE, because=FOR_A_PERSON[cause.code], detail=said)

    rungs = _rungs(incident, cause, instance)
    tried = sum(1 for act in incident.acts if act.acted and act.acted.outcome in TRIED)
    if tried >= ATTEMPTS_PER_RUNG * len(rungs):
        detail = f"{tried} attempts, and still: {said}"
        return Choice(answer=Answer.ESCALATE, because=Because.NOT_HEALED, detail=detail)

    remedy = rungs[tried // ATTEMPTS_PER_RUNG]
    attempt = len(incident.acts) + 1
    because = Because.STILL_UNWELL if tried else Because.NEW
    return Choice(answer=Answer.ACT, because=because, detail=said, remedy=remedy, attempt=attempt)


def _rungs(incident: Incident, cause: Cause, instance: Instance | None) -> tuple[Remedy, ...]:
    """A stopped container is started, a running one restarted, whatever was asked for."""
    if cause.code in RUNGS:
        return RUNGS[cause.code]
    down = instance is not None and instance.is_down
    wanted = incident.asked_for or Remedy.RESTART
    return (Remedy.START,) if down else (wanted,)
