"""Sees to it that every recovery begins in time, is taken up again, and is in Prefect in the end.

Acting never waits for the record: when the run of a recovery does not begin within half a second,
the same story is told without Prefect, and retold there afterwards. That happens on an event loop
of its own, which nothing of Prefect's can hold up.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Mapping
from datetime import timedelta

from prefect.settings import PREFECT_UI_URL

from flows.fastlane import FastLane
from flows.recover import heal
from healing.errors import HealingError
from healing.incidents import Book, Incident, Stage
from healing.names import AGENT, IncidentId
from healing.wiring import services
from tasks.reporting import run_name, tags
from tasks.retrying import unrecorded

log = logging.getLogger(__name__)

DEPLOYMENT = "recover/fast"
ROUND_EVERY = timedelta(seconds=3)
QUIET_FOR = timedelta(seconds=15)
"""How long an unfinished recovery lies still before it is taken up again."""
RETELL_AGAIN = timedelta(seconds=60)


class Recoveries:
    """Launches recoveries in the fast lane, or without it; `healing.ports.Launcher` behind it."""

    def __init__(self, lane: FastLane) -> None:
        self._lane = lane
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.copy_context()
        self._book = Book()
        self._begun: set[asyncio.Task[object]] = set()
        self._runs: dict[IncidentId, str] = {}
        self._retold: dict[IncidentId, tuple[int, float]] = {}

    async def run(self) -> None:
        """Make the rounds until cancelled."""
        self._context = contextvars.copy_context()
        self._book = services().journal.book
        self._loop = asyncio.get_running_loop()
        for incident in self._book.open():
            self._spawn(incident.id)
        while True:
            await asyncio.sleep(ROUND_EVERY.total_seconds())
            try:
                await self._round()
            except Exception:
                log.exception("a round failed")

    def launch(self, incident: IncidentId) -> None:
        """Make the recovery of `incident` begin within half a second, recorded now or later."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._spawn, incident, context=self._context)

    def link(self, incident: IncidentId) -> str | None:
        """Give the address of its flow run in the UI; None while it has none."""
        known = self._book.get(incident)
        run = (known.run if known else None) or self._runs.get(incident)
        return (
            f"{(PREFECT_UI_URL.value() or '').rstrip('/')}/v2/runs/flow-run/{run}" if run else None
        )

    def _spawn(self, incident: IncidentId) -> None:
        task = asyncio.create_task(self._begin(incident))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _begin(self, incident: IncidentId) -> None:
        known = self._book.get(incident)
        if known is None or not known.is_open or incident in services().in_hand:
            return
        if self._lane.connected:
            opening = asyncio.create_task(
                self._open(known, f"{known.id}:{known.tellings}", live=True)
            )
            self._begun.add(opening)
            opening.add_done_callback(self._begun.discard)
            if await self._has_begun(known, opening):
                return
            log.warning("prefect is slow, going ahead without it incident=%s", incident)
        await self._tell(incident)

    async def _open(self, incident: Incident, key: str, *, live: bool) -> bool:
        parameters: Mapping[str, object] = {
            "service": incident.service,
            "container": incident.instance,
            "procedure": incident.asked_for,
            "reason": incident.findings[0].detail,
            "by": incident.by,
            "dry_run": incident.dry_run,
            "incident": incident.id,
        }
        try:
            run = await self._lane.open_run(
                DEPLOYMENT,
                parameters,
                key=key,
                name=run_name(incident),
                tags=tags(incident, live=live),
            )
        except Exception as error:  # noqa: BLE001 - the record must never stop the recovery
            log.warning("no run could be opened incident=%s error=%r", incident.id, error)
            return False
        self._runs[incident.id] = str(run.id)
        return True

    async def _tell(self, incident: IncidentId) -> None:
        """Heal without Prefect."""
        in_hand = services().in_hand
        if not in_hand.take(incident):
            return
        try:
            await heal(incident, unrecorded, AGENT)
        except HealingError as error:
            log.warning("recovery interrupted incident=%s error=%s", incident, error)
        finally:
            in_hand.release(incident)

    async def _round(self) -> None:
        """Take up what lies still, what has changed, and what Prefect does not have yet."""
        at_hand = services()
        now = at_hand.steps.lookout.clock()
        for incident in self._book.all():
            if incident.id in at_hand.in_hand:
                continue
            still_for = now - incident.history[-1][0]
            if incident.stage is Stage.WAITING:
                if await _has_changed(incident):
                    self._spawn(incident.id)
                    continue
            elif incident.is_open and still_for >= QUIET_FOR:
                self._spawn(incident.id)
                continue
            told = incident.tellings > 0 and incident.run is None
            if told and still_for >= ROUND_EVERY and self._lane.connected:
                await self._retell(incident)
        known = {incident.id for incident in self._book.all()}
        self._runs = {key: run for key, run in self._runs.items() if key in known}
        self._retold = {key: told for key, told in self._retold.items() if key in known}

    async def _retell(self, incident: Incident) -> None:
        """Have a run tell what was done without Prefect; ask for another one if that one fails."""
        times, asked = self._retold.get(incident.id, (0, -RETELL_AGAIN.total_seconds()))
        if time.monotonic() - asked < RETELL_AGAIN.total_seconds():
            return
        key = f"{incident.id}:{incident.tellings - 1}" + (f":{times}" if times else "")
        if await self._open(incident, key, live=False):
            self._retold[incident.id] = (times + 1, time.monotonic())

    async def _has_begun(self, incident: Incident, opening: asyncio.Task[bool]) -> bool:
        """Wait until somebody has taken the incident up; not at all when no run can be opened."""
        patience = services().settings.storage.prefect.patience
        deadline = time.monotonic() + patience.total_seconds()
        while time.monotonic() < deadline:
            now = self._book.get(incident.id)
            if now is None or now.tellings > incident.tellings:
                return True
            if opening.done() and not opening.result():
                return False
            await asyncio.sleep(0.01)
        return False


async def _has_changed(incident: Incident) -> bool:
    try:
        return await asyncio.to_thread(services().steps.has_changed, incident)
    except HealingError:
        return False
