"""Look, name the likely cause, choose what to do."""

import asyncio

from prefect import task

from healing.incidents import Ending, Incident
from healing.names import Actor, IncidentId
from healing.policy import Because
from healing.recovery.steps import Scene
from healing.wiring import services
from tasks.retrying import ACTS, READS, if_temporary


@task(name="take up the incident", **ACTS)
async def begin(incident: IncidentId, by: Actor) -> Incident:
    """Note that the recovery has begun; settle what an earlier one left behind."""
    steps = services().steps
    begun = await asyncio.to_thread(steps.begin, incident, by)
    return await asyncio.to_thread(steps.settle, begun) if begun.open_act else begun


@task(name="look at the container", retry_condition_fn=if_temporary, **READS)
async def look(incident: Incident) -> Scene:
    """Gather its state, health log, output, probes, dependencies."""
    return await asyncio.to_thread(services().steps.look, incident)


@task(name="name the likely cause", **READS)
async def diagnose(scene: Scene) -> Scene:
    """Rank the causes that the evidence speaks for."""
    return await asyncio.to_thread(services().steps.diagnose, scene)


@task(name="choose a remedy", **READS)
async def decide(scene: Scene) -> Scene:
    """Act, wait, do nothing, or call a person: with the reason."""
    return await asyncio.to_thread(services().steps.decide, scene)


@task(name="close the incident", **ACTS)
async def close(incident: Incident, ending: Ending, because: Because, detail: str) -> Incident:
    """Say how it ended, and why."""
    return await asyncio.to_thread(services().steps.close, incident, ending, because, detail)
