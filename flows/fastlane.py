"""The fast lane: carries out deployment runs in this process the moment they exist.

Runs are pushed over the server's event websocket and polled for as a safety net; each is claimed
(the server lets one executor win) and carried out on this event loop. A worker needs 4 to 8 seconds
for that, this needs a quarter of one. Run it on a loop that is not the main thread's: there Prefect
would replace the handlers of SIGTERM.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import AsyncClientContext
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed, Failed

from flows.engine import carry_out, claim

log = logging.getLogger(__name__)

POLL_EVERY = timedelta(seconds=3)
POOL_EVERY = timedelta(seconds=2)
WORKERS_EVERY = timedelta(seconds=15)
AHEAD = timedelta(seconds=4)
"""Runs due this soon are taken now and wait here for their time."""
AT_ONCE = 100
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LEFT_BEHIND = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
PUSHED = (
    "prefect.flow-run.Scheduled",
    "prefect.flow-run.Resuming",
    "prefect.flow-run.AwaitingRetry",
    "prefect.flow-run.Late",
    "prefect.flow-run.Cancelling",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One deployment that this process may carry out.

    Attributes:
        deployment: Its name, as `flow/deployment`.
        flow: What it runs.
        pool: Its work pool, whose pause stops it.
        stale_after: A run this late is not worth carrying out any more; None: always worth it.
        resume: Whether a run that a killed agent left behind is taken up again, or called crashed.
    """

    deployment: str
    flow: Flow[..., Any]
    pool: str
    stale_after: timedelta | None = None
    resume: bool = False


class FastLane:
    """Connects to the Prefect server and stays connected, whatever happens to it.

    Args:
        lanes: What may be carried out here.
        pool: The work pool whose pause stops all lanes, and all acting.
        name: Ours, as the pool lists it among its workers.
        version: Of the deployments that we can carry out.
        deploy: Called when a deployment is not on the server, or is of another version.
        on_pause: Told why we must not act; empty when we may.
    """

    def __init__(
        self,
        lanes: tuple[Lane, ...],
        *,
        pool: str,
        name: str,
        version: str,
        deploy: Callable[[], Awaitable[None]],
        on_pause: Callable[[str], None],
    ) -> None:
        self._lanes = lanes
        self._pool = pool
        self._name = name
        self._version = version
        self._deploy = deploy
        self._on_pause = on_pause
        self._by_id: dict[UUID, Lane] = {}
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._client: PrefectClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._paused: set[str] = set()
        self.connected = False

    async def run(self) -> None:
        """Serve until cancelled; then let what runs come to its end."""
        self._loop = asyncio.get_running_loop()
        async with AsyncClientContext.get_or_create() as context:
            self._client = context.client
            loops = (self._poll(), self._watch_pools(), self._listen())
            background = [asyncio.create_task(loop) for loop in loops]
            try:
                await asyncio.gather(*background)
            finally:
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
                self.connected = False
                await self._drain()

    async def open_run(
        self,
        deployment: str,
        parameters: Mapping[str, Any],
        *,
        key: str,
        name: str,
        tags: list[str],
    ) -> FlowRun:
        """Create a run and carry it out at once. May be awaited on any event loop.

        Args:
            deployment: As `flow/deployment`.
            parameters: Of the flow.
            key: The same key gives the same run, however often it is asked for.
            name: Of the run.
            tags: Of the run.

        Raises:
            KeyError: We do not know the deployment (yet).
            prefect.exceptions.PrefectException: The server said no.
            httpx.HTTPError: The server did not answer.
        """
        if self._loop is None:
            raise RuntimeError("the fast lane is not running")

        async def create_and_take() -> FlowRun:
            known = {lane.deployment: id_ for id_, lane in self._by_id.items()}
            run = await self._api.create_flow_run_from_deployment(
                known[deployment],
                parameters=dict(parameters),
                idempotency_key=key,
                name=name,
                tags=tags,
            )
            self._take(run)
            return run

        here = asyncio.run_coroutine_threadsafe(create_and_take(), self._loop)
        return await asyncio.wrap_future(here)

    @property
    def _api(self) -> PrefectClient:
        if self._client is None:
            raise RuntimeError("the fast lane is not running")
        return self._client

    # --- finding runs -------------------------------------------------------------------------

    async def _poll(self) -> None:
        """Connect, and look for due runs again and again."""
        while True:
            try:
                if not self.connected:
                    await self._connect()
                soon = datetime.now(UTC) + AHEAD
                due = await self._api.get_scheduled_flow_runs_for_deployments(
                    list(self._by_id), scheduled_before=soon
                )
                for run in due:
                    self._take(run)
            except Exception as error:  # noqa: BLE001 - the loop must survive whatever the server does
                if self.connected:
                    log.warning("prefect lost error=%r", error)
                self.connected = False
            await asyncio.sleep(POLL_EVERY.total_seconds())

    async def _connect(self) -> None:
        """Find our deployments, put them there if need be, and tidy up after a killed agent."""
        if not await self._find():
            await self._deploy()
            if not await self._find():
                raise RuntimeError("our deployments are not on the server after deploying them")
        await self._read_pools()
        await self._tidy()
        self.connected = True
        log.info("prefect connected deployments=%d", len(self._by_id))

    async def _find(self) -> bool:
        """Find what is ours; False when it is missing, or a deployment is of another version."""
        found: dict[UUID, Lane] = {}
        for lane in self._lanes:
            try:
                await self._api.read_work_pool(lane.pool)
                deployment = await self._api.read_deployment_by_name(lane.deployment)
            except ObjectNotFound:
                return False
            if deployment.version != self._version:
                return False
            found[deployment.id] = lane
        self._by_id = found
        return True

    async def _tidy(self) -> None:
        """Take up again, or end, the runs that an agent before us left in the middle."""
        runs = await self._api.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(self._by_id))),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=LEFT_BEHIND))
            ),
        )
        for run in runs:
            lane = self._by_id.get(run.deployment_id) if run.deployment_id else None
            if lane is None or run.id in self._running:
                continue
            cancelling = run.state is not None and run.state.is_cancelling()
            if lane.resume and not cancelling:
                state = AwaitingRetry(message="taken up again after the agent was interrupted")
            elif cancelling:
                state = Cancelled(message="cancelled while no agent was there")
            else:
                state = Crashed(message="the agent ended while this ran")
            await self._api.set_flow_run_state(run.id, state, force=True)
            for child in await self._left_below(run):
                await self._api.set_flow_run_state(child.id, state, force=True)

    async def _left_below(self, run: FlowRun) -> list[FlowRun]:
        """Find the runs that a run began, which the agent left in the middle with it."""
        return await self._api.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=LEFT_BEHIND)),
            ),
        )

    async def _listen(self) -> None:
        """Hear of runs the moment they exist."""
        wanted = EventFilter(event=EventNameFilter(name=list(PUSHED)))
        while True:
            with contextlib.suppress(Exception):
                async with get_events_subscriber(filter=wanted) as events:
                    async for event in events:
                        await self._hear(event.event, UUID(event.resource.id.rpartition(".")[2]))
            await asyncio.sleep(1)

    async def _hear(self, what: str, run_id: UUID) -> None:
        running = self._running.get(run_id)
        if what.endswith("Cancelling"):
            if running is not None:
                running.cancel()
        elif running is None and self.connected:
            run = await self._api.read_flow_run(run_id)
            if run.deployment_id in self._by_id and _due(run) <= datetime.now(UTC) + AHEAD:
                self._take(run)

    # --- the work pools -----------------------------------------------------------------------

    async def _watch_pools(self) -> None:
        """See whether somebody paused a pool, or took away what we put on the server."""
        turn = 0
        while True:
            if self.connected:
                with contextlib.suppress(Exception):
                    await (self._read_pools() if turn == 0 else self._read_pool(self._pool))
                turn = (turn + 1) % int(WORKERS_EVERY / POOL_EVERY)
            await asyncio.sleep(POOL_EVERY.total_seconds())

    async def _read_pools(self) -> None:
        """Read all of them, show ourselves as their worker, and miss what is not there any more."""
        for name in {lane.pool for lane in self._lanes}:
            await self._read_pool(name)
            await self._api.send_worker_heartbeat(
                name, self._name, heartbeat_interval_seconds=WORKERS_EVERY.total_seconds()
            )
            # Asks for nothing: a queue that nobody asks is shown as unhealthy.
            await self._api.get_scheduled_flow_runs_for_work_pool(name, scheduled_before=LONG_AGO)
        ours = DeploymentFilter(id=DeploymentFilterId(any_=list(self._by_id)))
        if len(await self._api.read_deployments(deployment_filter=ours)) < len(self._by_id):
            self._miss("a deployment")

    async def _read_pool(self, name: str) -> None:
        try:
            is_paused = (await self._api.read_work_pool(name)).is_paused
        except ObjectNotFound:
            self._miss(f"work pool {name!r}")
            raise
        (self._paused.add if is_paused else self._paused.discard)(name)
        if name == self._pool:
            self._on_pause(f"work pool {name!r} is paused in Prefect" if is_paused else "")

    def _miss(self, what: str) -> None:
        log.warning("somebody took from prefect what is ours, putting it there again: %s", what)
        self.connected = False

    # --- carrying runs out --------------------------------------------------------------------

    def _take(self, run: FlowRun) -> None:
        lane = self._by_id.get(run.deployment_id) if run.deployment_id else None
        if lane is None or run.id in self._running or run.state is None:
            return
        if not run.state.is_scheduled() or self._paused & {self._pool, lane.pool}:
            return
        task = asyncio.create_task(self._claim_and_carry_out(run, lane))
        self._running[run.id] = task
        task.add_done_callback(lambda _: self._running.pop(run.id, None))

    async def _claim_and_carry_out(self, run: FlowRun, lane: Lane) -> None:
        late = (datetime.now(UTC) - _due(run)).total_seconds()
        if lane.stale_after is not None and late > lane.stale_after.total_seconds():
            state = Cancelled(message=f"missed by {late:.0f} s: no agent was there in time")
            await self._api.set_flow_run_state(run.id, state, force=True)
            return
        await asyncio.sleep(max(0.0, -late))
        async with self._slots:
            claimed = await claim(self._api, run)
            if claimed is None:
                return
            try:
                await carry_out(lane.flow, claimed)
            except asyncio.CancelledError:
                await self._end(run, Cancelled(message="cancelled before it began"))
            except httpx.HTTPError as error:
                log.warning("prefect lost during run=%s error=%r", run.id, error)
                self.connected = False
            except Exception as error:  # noqa: BLE001 - whatever a flow raises ends in its state
                log.warning("run ended badly run=%s error=%r", run.id, error)
                await self._end(run, Failed(message=f"it could not begin: {error}"))

    async def _end(self, run: FlowRun, state: State[Any]) -> None:
        """See to it that a run which nobody works on any more does not look as if."""
        with contextlib.suppress(Exception):
            now = await asyncio.shield(self._api.read_flow_run(run.id))
            if now.state is not None and not now.state.is_final() and not now.state.is_scheduled():
                await asyncio.shield(self._api.set_flow_run_state(run.id, state, force=True))

    async def _drain(self) -> None:
        if self._running:
            await asyncio.wait(self._running.values(), timeout=30)


def _due(run: FlowRun) -> datetime:
    when = run.next_scheduled_start_time or run.expected_start_time
    return when or datetime.now(UTC)
