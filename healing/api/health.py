"""Is it alive, is it ready, how does everything stand."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from healing.api.access import Viewer
from healing.api.desk import AtDesk
from healing.api.problems import problem
from healing.api.schemas import FindingView, PredictionView, Ready, ServiceView
from healing.api.status import Status
from healing.finding import Kind
from healing.instruments import REGISTRY

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """Alive; told without a thread, as all of them may be waiting for what does not answer."""
    return {"status": "alive"}


@router.get("/ready", response_model=Ready)
def ready(desk: AtDesk) -> Response:
    """Tell whether everything that acting needs answers."""
    found = Ready(dependencies=[checkup() for checkup in desk.checkups])
    away = [each for each in found.dependencies if not each.ok and each.name in desk.vital]
    if away:
        said = "; ".join(f"{each.name}: {each.detail}" for each in away)
        return problem(503, said, **found.model_dump())
    return JSONResponse(found.model_dump())


@router.get("/status")
def status(desk: AtDesk, _: Viewer) -> Status:
    """Summarise everything."""
    return desk.status()


@router.get("/predictions")
def predictions(desk: AtDesk, _: Viewer) -> list[PredictionView]:
    """Show how strange each service is, what will be full when, how likely it fails, and why."""
    return desk.predictions()


@router.get("/findings")
def findings(
    desk: AtDesk,
    _: Viewer,
    service: str | None = None,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    *,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
) -> list[FindingView]:
    """List what is found now and what was found lately, and why it became an incident or not."""
    wanted = [
        finding
        for finding in desk.findings()
        if service in {None, finding.service}
        and kind in {None, finding.kind}
        and is_open in {None, finding.open}
    ]
    return wanted[:limit]


@router.get("/services")
def services(desk: AtDesk, _: Viewer) -> list[ServiceView]:
    """Show every service we look after."""
    return desk.services()


@router.get("/metrics", response_class=PlainTextResponse)
def metrics() -> Response:
    """Give the metrics, in Prometheus text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
