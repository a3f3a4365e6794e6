"""Is it alive, is it ready, how does everything stand."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from healing.api.access import Viewer
from healing.api.desk import AtDesk
from healing.api.problems import problem
from healing.api.schemas import PredictionView, Ready, ServiceView
from healing.api.status import Status
from healing.instruments import REGISTRY

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """Alive."""
    return {"status": "alive"}


@router.get("/ready", response_model=Ready, responses={503: {"description": "Something is away"}})
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


@router.get("/services")
def services(desk: AtDesk, _: Viewer) -> list[ServiceView]:
    """Show every service we look after."""
    return desk.services()


@router.get("/metrics")
def metrics() -> Response:
    """Give the metrics, in Prometheus text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
