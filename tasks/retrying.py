"""When a failed step is worth another try: the one mapping from errors to retries."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from healing.errors import TemporaryError

T = TypeVar("T")

Do: TypeAlias = Callable[..., Awaitable[Any]]
"""How a step is carried out: recorded by Prefect, or without it."""


def if_temporary(_: Task[..., Any], __: TaskRun, state: State[Any]) -> bool:
    """Retry only what may work later."""
    # `state.result()` would be a coroutine here, which is never a `TemporaryError`.
    return isinstance(state.data, TemporaryError)


READS: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [0.2, 1.0],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": if_temporary,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
"""Options of a task that only reads: worth two more tries."""

ACTS: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}
"""Options of a task that changes something: never repeated blindly."""


def named(name: str) -> dict[str, Any]:
    """Name a task, and each of its runs the same, without the random end that Prefect adds."""
    return {"name": name, "task_run_name": name}


async def recorded(step: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Carry out a step as a task run of the present flow run."""
    return await step(*args, **kwargs)


async def unrecorded(step: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Carry out a step without Prefect, with the retries that the step asks for."""
    delays = step.retry_delay_seconds if step.retries else []
    for delay in delays if isinstance(delays, list) else [delays or 0.0]:
        try:
            return await step.fn(*args, **kwargs)
        except TemporaryError:
            await asyncio.sleep(delay)
    return await step.fn(*args, **kwargs)
