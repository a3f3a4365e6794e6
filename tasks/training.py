"""Learn what is usual."""

import asyncio

from prefect import task

from healing.names import ServiceName
from healing.watching import Learned
from healing.wiring import services
from tasks.noting import say
from tasks.retrying import ACTS, READS


@task(name="learn", task_run_name="learn {service}", **READS)
async def learn(service: ServiceName, seed: int) -> Learned:
    """Fit a model of one service."""
    learned = await asyncio.to_thread(services().watching.learner.learn, service, seed=seed)
    say(f"{service}: {learned.detail}")
    return learned


@task(name="forget what is gone", **ACTS)
async def forget() -> None:
    """Drop models and history of services that are not looked after any more."""
    await asyncio.to_thread(services().watching.learner.keep_only_known)
