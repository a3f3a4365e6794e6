"""Everything the REST interface may reach for, and what it shows of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Protocol

from fastapi import Depends, Request

from healing.api.breaker_views import BreakersInBrief
from healing.api.schemas import (
    ContainerView,
    DependencyView,
    FindingView,
    IncidentStory,
    IncidentView,
    PredictionView,
    ServiceView,
)
from healing.api.status import Status
from healing.finding import Kind
from healing.incidents import Book, Incident
from healing.instances import Health, Instance
from healing.names import InstanceName
from healing.ports import Launcher, ProbeResult
from healing.recovery.dispatch import Dispatch
from healing.recovery.noticed import Noticed
from healing.recovery.switch import Switch
from healing.report import headline, report
from healing.roster import Roll
from healing.services import Service
from healing.watching import FleetWatch, Latest

SHOWN = 10
SEEN = frozenset({Kind.EXITED, Kind.UNHEALTHY, Kind.UNRESPONSIVE})
"""Kinds that the listeners see, again and again while they last."""
SIGNS_COME_AGAIN = timedelta(minutes=5)


class Checkup(Protocol):
    """Says whether something that we need answers."""

    def __call__(self) -> DependencyView:
        """Ask it, within a second or two."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the API serves from.

    Attributes:
        checkups: Each asks one thing that we need; those named in `vital` decide if we are ready.
    """

    book: Book
    dispatch: Dispatch
    launcher: Launcher
    switch: Switch
    roll: Roll
    answers: Callable[[], Mapping[InstanceName, Sequence[ProbeResult]]]
    latest: Latest
    breakers: FleetWatch
    checkups: Sequence[Checkup]
    vital: frozenset[str]
    clock: Callable[[], datetime]
    version: str

    def view(self, incident: Incident) -> IncidentView:
        """Show one incident."""
        return IncidentView.of(incident, headline(incident), self.launcher.link(incident.id))

    def story(self, incident: Incident) -> IncidentStory:
        """Show one incident with its decision record."""
        return IncidentStory(**self.view(incident).model_dump(), report=report(incident))

    def status(self) -> Status:
        """Summarise everything."""
        why = self.switch.why_off()
        over = [incident for incident in self.book.all() if not incident.is_open]
        return Status(
            agent=f"healing {self.version}",
            acting=not why,
            why_not_acting=why,
            dependencies=[checkup() for checkup in self.checkups],
            services=self.services(),
            circuit_breakers=self._breakers(),
            open_incidents=[self.view(incident) for incident in self.book.open()],
            lately=[self.view(incident) for incident in reversed(over[-SHOWN:])],
            noticed=[one for one in self.findings() if one.open and one.incident is None][:SHOWN],
        )

    def _breakers(self) -> BreakersInBrief | None:
        known = self.breakers
        return BreakersInBrief.of(known.sight()) if known.is_configured else None

    def services(self) -> list[ServiceView]:
        """Show every service we look after."""
        return [self._service(service) for service in self.roll.now.stack.services.values()]

    def predictions(self) -> list[PredictionView]:
        """Show what the latest look at each service said."""
        return [PredictionView.of(j) for j in self.latest.of(self.roll.now.stack.services)]

    def findings(self) -> list[FindingView]:
        """Show what was noticed: first what is open, each part the newest first."""
        noticed = self.dispatch.noticed.all(self.book.all())
        views = [FindingView.of(one, is_open=self._is_open(one)) for one in noticed]
        return sorted(views, key=lambda view: not view.open)

    def _is_open(self, noticed: Noticed) -> bool:
        incident = self.book.get(noticed.incident) if noticed.incident else None
        if incident is not None:
            return incident.is_open
        # What looking ahead finds is over when it finds it no more; signs come again by themselves.
        lately = self.clock() - noticed.last < SIGNS_COME_AGAIN
        return self.latest.finds(noticed.finding) or (noticed.finding.kind in SEEN and lately)

    def _service(self, service: Service) -> ServiceView:
        answers = self.answers()
        containers = self.roll.now.of(service.name)
        incident = next((i for i in self.book.open() if i.service == service.name), None)
        return ServiceView(
            name=service.name,
            level=service.level,
            depends_on=list(service.depends_on),
            containers=[_container(c, answers.get(c.name, ())) for c in containers],
            incident=incident.id if incident else None,
        )


def desk(request: Request) -> Desk:
    """Give a route the desk of its application."""
    return request.app.state.desk


AtDesk = Annotated[Desk, Depends(desk)]


def _container(instance: Instance, answers: Sequence[ProbeResult]) -> ContainerView:
    signs = [answer.ok for answer in answers]
    if instance.health is not Health.NONE:
        signs.append(instance.health is Health.HEALTHY)
    well: bool | None = all(signs) if signs else None
    return ContainerView(
        name=instance.name,
        status=instance.status,
        health=instance.health,
        answers=[answer.detail for answer in answers],
        well=well if instance.is_running else False,
    )
