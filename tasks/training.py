"""Learn what is usual."""

import asyncio

from prefect import task

from healing.roster import Roll
from healing.watching import Learned, Learner, Result, Shard
from healing.watching.apart import learn_apart
from healing.wiring import services
from tasks.noting import say_some
from tasks.retrying import ACTS, READS


@task(name="learn", task_run_name="learn{shard}", **READS)
async def learn(shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, in a process that ends with it."""
    learner = services().watching.learner
    learned = await asyncio.to_thread(
        learn_apart, learner, shard.names, seed=seed, only_due=only_due
    )
    return _said(learned)


@task(name="learn", task_run_name="learn{shard}", **READS)
def learn_elsewhere(learner: Learner, shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, wherever this task is run.

    The place must see the state directory under the same path.
    """
    return _said(learner.learn_all(shard.names, seed=seed, only_due=only_due))


@task(name="forget what is gone", **ACTS)
async def forget() -> None:
    """Drop models and history of services that were not looked after for long."""
    roll: Roll = services().roll
    await asyncio.to_thread(services().watching.learner.keep_only, list(roll.now.stack.services))


def _said(learned: list[Learned]) -> list[Learned]:
    say_some(
        [
            f"{one.service}: {one.result}: {one.detail}"
            for one in learned
            if one.result is not Result.NOT_DUE
        ]
    )
    return learned
