"""Ask whether we may, act, and see whether it helped."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from prefect import task

from healing.incidents import Incident
from healing.recovery.steps import Scene
from healing.verification import Look
from healing.wiring import services
from tasks.retrying import ACTS, READS

T = TypeVar("T")

LOOK_EVERY = timedelta(seconds=1)


@task(name="ask the gates", **READS)
async def ask_gates(scene: Scene) -> Scene:
    """Ask every safety gate whether we may act now."""
    return await asyncio.to_thread(services().steps.ask_gates, scene)


@task(
    name="act", task_run_name="{scene.incident.choice.remedy.value} {scene.instance.name}", **ACTS
)
async def act(scene: Scene) -> Incident:
    """Carry out the remedy, once. A cancellation waits until the answer is written."""
    return await to_the_end(services().steps.act, scene)


@task(name="verify", task_run_name="see that {incident.target} stays well", **ACTS)
async def verify(incident: Incident) -> Incident:
    """Look every second until it is stable, or clearly is not."""
    steps = services().steps
    looks: list[Look] = []
    while (verified := await asyncio.to_thread(steps.judge, incident, looks)) is None:
        await asyncio.sleep(LOOK_EVERY.total_seconds())
        looks.append(await asyncio.to_thread(steps.look_again, incident))
    return verified


async def to_the_end(do: Callable[[Scene], T], scene: Scene) -> T:
    """Run `do` in a thread, and wait for it even when cancelled meanwhile."""
    doing = asyncio.ensure_future(asyncio.to_thread(do, scene))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
