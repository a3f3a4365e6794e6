"""Incidents: read them, and ask for help."""

import asyncio
import time
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.exceptions import HTTPException

from healing.api.access import Operator, Viewer
from healing.api.desk import AtDesk, Desk
from healing.api.schemas import (
    IncidentStory,
    IncidentView,
    RemediationAccepted,
    RemediationRequest,
)
from healing.names import IncidentId

WAIT_FOR_RUN = timedelta(milliseconds=600)

router = APIRouter(tags=["incidents"])


@router.get("/incidents")
def incidents(
    desk: AtDesk,
    _: Viewer,
    service: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    *,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
) -> list[IncidentView]:
    """List incidents, newest first."""
    wanted = [
        incident
        for incident in reversed(desk.book.all())
        if service in {None, incident.service} and is_open in {None, incident.is_open}
    ]
    return [desk.view(incident) for incident in wanted[:limit]]


@router.get("/incidents/{incident}")
def incident(incident: str, desk: AtDesk, _: Viewer) -> IncidentStory:
    """Tell the whole story of one incident."""
    known = desk.book.get(IncidentId(incident))
    if known is None:
        raise HTTPException(404, f"no incident {incident!r}; GET /incidents lists them")
    return desk.story(known)


@router.post("/remediations", status_code=202)
async def remediate(
    body: RemediationRequest,
    request: Request,
    desk: AtDesk,
    caller: Operator,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> RemediationAccepted:
    """Have a service diagnosed, and healed if that is needed, possible and allowed."""
    asked = body.request(caller.name, idempotency_key)
    opened = await asyncio.to_thread(desk.dispatch.request, asked)
    desk.launcher.launch(opened.id)
    return RemediationAccepted(
        incident=opened.id,
        incident_url=str(request.url_for("incident", incident=opened.id)),
        run_url=await _run_url(desk, opened.id),
    )


async def _run_url(desk: Desk, incident: IncidentId) -> str | None:
    """Wait a moment for the flow run to exist."""
    deadline = time.monotonic() + WAIT_FOR_RUN.total_seconds()
    while time.monotonic() < deadline:
        if link := desk.launcher.link(incident):
            return link
        await asyncio.sleep(0.02)
    return None
