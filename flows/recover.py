"""Recover one service: diagnose, decide, ask the gates, act, verify, report.

The same story is told with Prefect (each step a task run) and without it (when Prefect is slow or
away); what was told without it is retold afterwards, step by step, with the true times.
"""

import asyncio
from datetime import timedelta

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

from healing.errors import UnknownServiceError
from healing.incidents import Answer, Ending, Incident, Outcome, Remedy
from healing.names import Actor, IncidentId, InstanceName, ServiceName
from healing.policy import Because
from healing.recovery.dispatch import Request
from healing.report import headline
from healing.wiring import services
from tasks.acting import act, ask_gates, verify
from tasks.diagnosing import begin, close, decide, diagnose, look
from tasks.reporting import retell, write_report
from tasks.retrying import Do, recorded

STATE_NAMES = {
    Ending.HEALED: "Healed",
    Ending.RECOVERED: "Recovered",
    Ending.NOTHING_TO_DO: "NothingToDo",
    Ending.DRY_RUN: "DryRun",
    Ending.SUPERSEDED: "Superseded",
}
OVERTAKEN = 3
"""Plans overtaken by events before we leave it to whoever is changing the container."""
LOOK_WHETHER_TOLD = timedelta(milliseconds=50)


async def heal(  # noqa: C901, PLR0912 - one story, read from top to bottom
    incident: IncidentId, do: Do, by: Actor
) -> Incident:
    """Heal one incident, as far as it can be taken now.

    Args:
        incident: Must be open.
        do: How a step is carried out: recorded by Prefect, or without it.
        by: Who takes it up.

    Returns:
        The incident: over, or waiting for something. Who else tells it may end it at any step.
    """
    now: Incident = await do(begin, incident, by)
    overtaken = 0
    while now.is_open:
        try:
            if now.wants_verification:
                now = await do(verify, now)
                continue
            if now.is_healed:
                return await do(close, now, Ending.HEALED, Because.STABLE, now.acts[-1].proof)
            scene = await do(look, now)
        except UnknownServiceError as gone:
            return await do(close, now, Ending.NOTHING_TO_DO, Because.TARGET_GONE, str(gone))
        scene = await do(diagnose, scene)
        scene = await do(decide, scene)
        now, choice = scene.incident, scene.incident.choice
        if not now.is_open:
            break
        match choice.answer:
            case Answer.NOTHING:
                well = choice.because is Because.WELL_AGAIN
                ending = Ending.RECOVERED if well else Ending.NOTHING_TO_DO
                return await do(close, now, ending, choice.because, choice.detail)
            case Answer.ESCALATE:
                return await do(close, now, Ending.ESCALATED, choice.because, choice.detail)
            case Answer.WAIT:
                return now

        scene = await do(ask_gates, scene)
        now, gated = scene.incident, scene.incident.gated
        if not now.is_open:
            break
        if gated.because is Because.DRY_RUN:
            return await do(close, now, Ending.DRY_RUN, gated.because, choice.detail)
        if gated.held_by:
            return now

        now = await do(act, scene)
        if not now.is_open:
            break
        done = now.acts[-1]
        if done.outcome is Outcome.REFUSED:
            return await do(close, now, Ending.ESCALATED, Because.REFUSED, done.answer)
        if done.outcome is Outcome.NOT_BEGUN:
            return now
        if done.outcome is Outcome.SUPERSEDED:
            overtaken += 1
            if overtaken == OVERTAKEN:
                return await do(close, now, Ending.SUPERSEDED, Because.SUPERSEDED, done.answer)
    return now


@flow(name="recover", persist_result=False)
async def recover(
    service: str,
    procedure: Remedy | None = None,
    *,
    container: str | None = None,
    reason: str = "asked for in the Prefect UI",
    by: str = "prefect-ui",
    dry_run: bool = False,
    incident: str | None = None,
) -> State:
    """Diagnose one service, and heal it if that is needed, possible and allowed.

    The run ends `Healed`, `Recovered` (it got well by itself), `NothingToDo`, `DryRun`, `Held`
    (something speaks against acting now; the agent comes back to it), `Superseded`, `Cancelled`, or
    `Escalated` (a person is needed: the only ending shown as a failure).

    Args:
        service: The service, as the configuration or the label calls it.
        procedure: What to do. Empty: the diagnosis decides.
        container: Which of its containers. Empty: the one that looks worst.
        reason: Why you ask, in your words. It stands in the report.
        by: Who you are. It stands in the report.
        dry_run: Plan, and say what would be done, without touching anything.
        incident: Filled in by the agent. Leave it empty.
    """
    request = Request(
        service=ServiceName(service),
        by=Actor(by),
        reason=reason,
        instance=InstanceName(container) if container else None,
        remedy=procedure,
        dry_run=dry_run,
    )
    known = _the_incident(request, IncidentId(incident) if incident else None)
    in_hand = services().in_hand
    live = known.is_open and in_hand.take(known.id)
    try:
        if live:
            now = await heal(known.id, recorded, request.by)
        else:
            now = await _when_told(known)
            await retell(now)
    except asyncio.CancelledError:
        return await _cancelled(known)
    finally:
        if live:
            in_hand.release(known.id)
    await write_report(now, live)
    services().steps.recorded(now, str(flow_run.id), live=live)
    return state_of(now)


def state_of(incident: Incident) -> State:
    """Give the final state of the flow run that tells this incident."""
    message = headline(incident)
    if incident.closed is None:
        return Completed(name="Held", message=message)
    match incident.closed.ending:
        case Ending.ESCALATED:
            return Failed(name="Escalated", message=message)
        case Ending.CANCELLED:
            return Cancelled(message=message)
        case ending:
            return Completed(name=STATE_NAMES[ending], message=message)


def _the_incident(request: Request, incident: IncidentId | None) -> Incident:
    """Find the incident of this run; a request, or the retry of a told story, opens one.

    Raises:
        KeyError: The ledger of this agent does not know the incident.
        UnknownServiceError: We look after no such service.
        UnknownContainerError: The service has no such container.
    """
    if incident is None:
        return services().dispatch.request(request)
    known = services().steps.journal.book.get(incident)
    if known is None:
        raise KeyError(f"this agent's ledger knows no incident {incident}")
    told_here = known.run == str(flow_run.id)
    if told_here and not known.is_open:
        return services().dispatch.request(request)
    return known


async def _when_told(incident: Incident) -> Incident:
    """Wait until whoever works on it has finished for now."""
    while incident.id in services().in_hand:  # noqa: ASYNC110 - the other may be in any thread
        await asyncio.sleep(LOOK_WHETHER_TOLD.total_seconds())
    return services().steps.journal.book.get(incident.id) or incident


async def _cancelled(incident: Incident) -> State:
    """Somebody cancelled the run: leave the container alone, and say so."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    steps = services().steps
    now = steps.journal.book.get(incident.id) or incident
    if now.is_open:
        detail = "cancelled in Prefect; left as it is"
        by = Actor("prefect-ui")
        now = steps.close(now, Ending.CANCELLED, Because.CANCELLED, detail, by)
    steps.recorded(now, str(flow_run.id), live=True)
    return state_of(now)
