"""Learn what is usual."""

import asyncio

from prefect import task

from healing.roster import Roll
from healing.watching import Learned, Learner, Result, Shard
from healing.wiring import services
from tasks.noting import say, say_some
from tasks.retrying import ACTS, READS


@task(name="learn", task_run_name="learn{shard}", **READS)
async def learn(shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, in the process that learns all of a run."""
    watching = services().watching
    learned = await asyncio.to_thread(
        watching.apart.learn, watching.learner, shard.names, seed=seed, only_due=only_due
    )
    return _said(learned)


@task(name="learn", task_run_name="learn{shard}", **READS)
def learn_elsewhere(learner: Learner, shard: Shard, seed: int, *, only_due: bool) -> list[Learned]:
    """Fit a model of each service of a shard, wherever this task is run.

    The place must see the state directory under the same path.
    """
    return _said(learner.learn_all(shard.names, seed=seed, only_due=only_due))


@task(name="learn how services fail", **READS)
async def learn_failures(*, only_due: bool) -> str:
    """Fit one model of failures for all services together."""
    failures = services().watching.failures
    names = [one.name for one in services().watching.observer.services()]
    said = await asyncio.to_thread(failures.learn, names, only_due=only_due)
    say(said)
    return said


@task(name="forget what is gone", **ACTS)
async def forget() -> None:
    """Drop models and history of services that were not looked after for long."""
    roll: Roll = services().roll
    known, learner = list(roll.now.stack.services), services().watching.learner
    await asyncio.to_thread(learner.keep_only, known)
    before = learner.clock() - learner.vanished
    await asyncio.to_thread(services().watching.observer.replicas.keep_only, known, before=before)
    await asyncio.to_thread(services().watching.failures.keep_only, known, before=before)


async def let_go() -> None:
    """End the process that learnt, which gives its memory back."""
    await asyncio.to_thread(services().watching.apart.let_go)


def _said(learned: list[Learned]) -> list[Learned]:
    say_some(
        [
            f"{one.service}: {one.result}: {one.detail}"
            for one in learned
            if one.result is not Result.NOT_DUE
        ]
    )
    return learned
