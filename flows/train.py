"""Learn what is usual for every service."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from healing.names import ServiceName
from healing.wiring import services
from tasks.retrying import recorded
from tasks.training import forget, learn
from tasks.watching import observe


@flow(name="train", flow_run_name="learn what is usual", persist_result=False)
async def train(service: str | None = None, seed: Annotated[int, Field(ge=0)] = 0) -> State:
    """Fit a model for each service, from all the history that is kept of it.

    Args:
        service: Only this one. Empty: all of them.
        seed: The same history and seed give the same models.
    """
    names = [ServiceName(service)] if service else None
    if names is None:
        seen = await recorded(observe)
        names = [one.service.name for one in seen]
    else:
        services().roll.now.service(names[0])
    learned = [await recorded(learn, name, seed) for name in names]
    if service is None:
        await recorded(forget)
    fitted = [one.service for one in learned if one.version]
    waiting = [one.service for one in learned if not one.version]
    words = f"learnt {', '.join(fitted) or 'nothing'}"
    return Completed(message=words + (f"; not yet: {', '.join(waiting)}" if waiting else ""))
