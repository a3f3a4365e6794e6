"""The one place that leans on parts of Prefect that are not public: claim a run, carry it out here.

Both functions are what Prefect's own runner uses. `tests/flows/test_engine.py` holds them to what
we rely on, so that a new Prefect that changes them is noticed before an operator notices.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from prefect import Flow, flow_engine
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.states import Pending
from prefect.utilities.engine import propose_state


@contextmanager
def unobserved(*_: object) -> Generator[None]:
    """Carry a run out without watching whether somebody suspends it.

    Prefect watches from a thread, and holds up the whole event loop until that thread is connected
    to the server, and again when the run ends: with the server gone, half a minute in which nothing
    else on the loop moves. Nobody suspends our runs.
    """
    yield


flow_engine.observe_flow_run_suspension = unobserved  # pyright: ignore[reportPrivateImportUsage]


async def claim(client: PrefectClient, run: FlowRun) -> FlowRun | None:
    """Claim a scheduled run for this process. Returns None when it is not ours to run.

    The server lets exactly one claimer through, and holds it to the deployment's concurrency limit.
    """
    try:
        state = await propose_state(client, Pending(), flow_run_id=run.id)
    except (Abort, Pause):
        return None
    if not state.is_pending():
        return None
    run.state = state
    return run


async def carry_out(flow: Flow[..., Any], run: FlowRun) -> State[Any] | None:
    """Carry out a claimed run of an async flow on this event loop.

    Returns:
        Its last state; None when it was suspended.
    """
    try:
        return await run_flow(flow, flow_run=run, return_type="state")  # type: ignore[misc]
    except Pause:
        return None
