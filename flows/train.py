"""Learn what is usual for every service, one task per shard."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.cancelling import cancellable
from healing.errors import SetupError
from healing.names import ServiceName
from healing.watching import Learned, Result, Shard, shards, summary
from healing.wiring import services
from tasks.reporting import write_training
from tasks.retrying import recorded
from tasks.training import forget, learn, learn_elsewhere, learn_failures, let_go
from tasks.watching import observe

LOCAL = "local"


@flow(name="train", flow_run_name="learn what is usual", persist_result=False)
@cancellable
async def train(
    which: Literal["due", "all"] = "due",
    service: str | None = None,
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
    shard_size: Annotated[int, Field(ge=1)] | None = None,
    dask: str | None = None,
) -> State:
    """Fit models from the history that is kept; each must do no worse than the one it replaces.

    Args:
        which: `due`: services without a good model, those that have drifted, and those whose hour
            of the day this is. `all`: every one.
        service: Only this one, due or not. Empty: as `which` says.
        seed: The same history and seed give the same models.
        shard_size: How many services one task learns. Empty: as configured.
        dask: Where. Empty: here, shard by shard. `local`: in processes of a Dask cluster on this
            machine. An address such as `tcp://10.0.0.1:8786`: on that cluster, whose workers must
            see the state directory.
    """
    if service:
        services().roll.now.service(ServiceName(service))
        names = [ServiceName(service)]
    else:
        names = [one.name for one in services().watching.observer.services()]
    parts = shards(names, shard_size or services().watching.shard_size)
    only_due = which == "due" and not service
    if not service:
        for shard in parts:
            await recorded(observe, shard)
    if dask:
        learned = await asyncio.to_thread(learn_on_dask, dask, parts, seed, only_due=only_due)
    else:
        learned = await learn_here(parts, seed, only_due=only_due)
    failures = "" if service else await recorded(learn_failures, only_due=only_due)
    if not service:
        await recorded(forget)
    await recorded(write_training, learned, failures)
    return verdict(learned)


async def learn_here(parts: Sequence[Shard], seed: int, *, only_due: bool) -> list[Learned]:
    """Learn shard by shard, all of them in one process beside this one."""
    learned = list[Learned]()
    try:
        for shard in parts:
            learned += await recorded(learn, shard, seed, only_due=only_due)
    finally:
        await let_go()
    return learned


def learn_on_dask(
    address: str, parts: Sequence[Shard], seed: int, *, only_due: bool
) -> list[Learned]:
    """Learn shards side by side; one that is lost, with its worker or otherwise, is said."""
    fan_out = flow(
        name="train on dask",
        flow_run_name="learn shards side by side",
        persist_result=False,
        task_runner=_runner(address),
    )(_fan_out)
    return fan_out(parts, seed, only_due=only_due)


def verdict(learned: Sequence[Learned]) -> State:
    """Say how a run that learnt this has ended: it fails only when nothing could be done."""
    words = summary(learned)
    failed = sum(one.result is Result.FAILED for one in learned)
    if failed and failed == len(learned):
        return Failed(message=words)
    return Completed(name="Partly" if failed else None, message=words)


def _fan_out(parts: Sequence[Shard], seed: int, *, only_due: bool) -> list[Learned]:
    learner = services().watching.learner
    futures = [learn_elsewhere.submit(learner, shard, seed, only_due=only_due) for shard in parts]
    learned = list[Learned]()
    for shard, future in zip(parts, futures, strict=True):
        result = future.result(raise_on_failure=False)
        if isinstance(result, list):
            learned += result
        else:
            learned += [Learned(name, Result.FAILED, repr(result)) for name in shard.names]
    return learned


def _runner(address: str) -> Any:
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 an extra that few need
    except ImportError:
        raise SetupError(
            "training on Dask needs prefect-dask",
            remedy='pip install "healing[dask]", or leave `dask` empty',
        ) from None
    if address != LOCAL:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    )
