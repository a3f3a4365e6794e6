"""Learn what is usual."""

import asyncio

from prefect import task

from healing.roster import Roll
from healing.watching import Learned, Learner, Result, Shard
from healing.wiring import services
from tasks.noting import say_some
from tasks.retrying import ACTS, READS


@task(name="learn", task_run_name="learn{shard}", **READS)
async def learn(shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, in this process."""
    learner = services().watching.learner
    return await asyncio.to_thread(_learn, learner, shard, seed, only_due)


@task(name="learn", task_run_name="learn{shard}", **READS)
def learn_elsewhere(learner: Learner, shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, wherever this task is run.

    The place must see the state directory under the same path.
    """
    return _learn(learner, shard, seed, only_due)


@task(name="forget what is gone", **ACTS)
async def forget() -> None:
    """Drop models and history of services that were not looked after for long."""
    roll: Roll = services().roll
    await asyncio.to_thread(services().watching.learner.keep_only, list(roll.now.stack.services))


def _learn(learner: Learner, shard: Shard, seed: int, only_due: bool) -> list[Learned]:  # noqa: FBT001
    learned = learner.learn_all(shard.names, seed=seed, only_due=only_due)
    say_some(
        [
            f"{one.service}: {one.result}: {one.detail}"
            for one in learned
            if one.result is not Result.NOT_DUE
        ]
    )
    return learned
