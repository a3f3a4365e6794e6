"""One summary of everything."""

from typing import Annotated

from pydantic import BaseModel, Field

from healing.api.breaker_views import BreakersInBrief
from healing.api.schemas import DependencyView, FindingView, IncidentView, ServiceView


class Status(BaseModel):
    """One summary of everything."""

    agent: str
    acting: Annotated[bool, Field(description="Whether acting is allowed here and now")]
    why_not_acting: str
    dependencies: list[DependencyView]
    services: list[ServiceView]
    circuit_breakers: Annotated[
        BreakersInBrief | None, Field(description="null where no shared state is configured")
    ]
    open_incidents: list[IncidentView]
    lately: Annotated[list[IncidentView], Field(description="The last ten that are over")]
    noticed: Annotated[
        list[FindingView], Field(description="What is found now and is nobody's incident")
    ]
