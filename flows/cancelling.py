"""A run that a person cancels ends `Cancelled`; left to itself, Prefect calls it crashed."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Cancelled

P = ParamSpec("P")


def cancellable(
    story: Callable[P, Coroutine[Any, Any, State]],
) -> Callable[P, Coroutine[Any, Any, State]]:
    """Have the story of a flow end `Cancelled` when its task is cancelled."""

    @functools.wraps(story)
    async def told(*args: P.args, **kwargs: P.kwargs) -> State:
        try:
            return await story(*args, **kwargs)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            return Cancelled(message="cancelled in Prefect")

    return told
