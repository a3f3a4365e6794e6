"""Look, name the likely cause, choose what to do."""

import asyncio

from prefect import task

from healing.incidents import Ending, Incident
from healing.names import Actor, IncidentId
from healing.policy import Because
from healing.recovery.steps import Scene
from healing.wiring import services
from tasks.noting import note
from tasks.retrying import ACTS, READS, named


@task(**named("take up the incident"), **ACTS)
async def begin(incident: IncidentId, by: Actor) -> Incident:
    """Note that the recovery has begun; settle what an earlier one left behind."""
    steps = services().steps
    begun = await asyncio.to_thread(steps.begin, incident, by)
    return note(await asyncio.to_thread(steps.settle, begun) if begun.open_act else begun)


@task(**named("look at the container"), **READS)
async def look(incident: Incident) -> Scene:
    """Gather its state, health log, output, probes, dependencies."""
    after = await asyncio.to_thread(services().steps.look, incident)
    note(after.incident)
    return after


@task(**named("name the likely cause"), **READS)
async def diagnose(scene: Scene) -> Scene:
    """Rank the causes that the evidence speaks for."""
    after = await asyncio.to_thread(services().steps.diagnose, scene)
    note(after.incident)
    return after


@task(**named("choose a remedy"), **READS)
async def decide(scene: Scene) -> Scene:
    """Act, wait, do nothing, or call a person: with the reason."""
    after = await asyncio.to_thread(services().steps.decide, scene)
    note(after.incident)
    return after


@task(**named("close the incident"), **ACTS)
async def close(incident: Incident, ending: Ending, because: Because, detail: str) -> Incident:
    """Say how it ended, and why."""
    close_it = services().steps.close
    return note(await asyncio.to_thread(close_it, incident, ending, because, detail))
