"""The fleet's circuit breakers: read them, and put a hand on them."""

from typing import Annotated

from fastapi import APIRouter, Header

from healing.api.access import Operator, Viewer
from healing.api.breaker_views import (
    BreakerStory,
    BreakerView,
    OverrideRequest,
    PulledView,
    ResetRequest,
    RulesRequest,
    TransitionView,
)
from healing.api.desk import AtDesk, Desk
from healing.breakers.operating import Command
from healing.errors import StateUnavailableError

router = APIRouter(tags=["circuit breakers"])

Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
NOTHING_ASKED = ResetRequest()


@router.get("/circuit-breakers")
def breakers(desk: AtDesk, _: Viewer) -> list[BreakerView]:
    """List all of them, as they were seen last."""
    desk.breakers.require()
    sight = desk.breakers.sight()
    return [BreakerView.of(name, one, sight.why_stale) for name, one in sight.breakers.items()]


@router.get("/circuit-breakers/{name:path}")
def breaker(name: str, desk: AtDesk, _: Viewer) -> BreakerStory:
    """Show one, with how it changed and what operators did to it."""
    desk.breakers.check(name)
    return _story(desk, name)


@router.post("/circuit-breakers/{name:path}/reset")
def reset(
    name: str,
    desk: AtDesk,
    caller: Operator,
    body: ResetRequest = NOTHING_ASKED,
    idempotency_key: Key = "",
) -> BreakerStory:
    """Close it now, in every process; an override ends as well."""
    return _pull(desk, name, body.command(caller.name, idempotency_key))


@router.post("/circuit-breakers/{name:path}/override")
def override(
    name: str, body: OverrideRequest, desk: AtDesk, caller: Operator, idempotency_key: Key = ""
) -> BreakerStory:
    """Force it open or closed, or have it observe only, in every process; or take that back."""
    return _pull(desk, name, body.command(caller.name, idempotency_key))


@router.post("/circuit-breakers/{name:path}/rules")
def rules(
    name: str, body: RulesRequest, desk: AtDesk, caller: Operator, idempotency_key: Key = ""
) -> BreakerStory:
    """Judge by other rules from now on, in every process; or go back to what they say."""
    return _pull(desk, name, body.command(caller.name, idempotency_key))


def _pull(desk: Desk, name: str, command: Command) -> BreakerStory:
    desk.breakers.check(name)
    try:
        desk.breakers.pull(name, command)
    except StateUnavailableError as error:
        raise StateUnavailableError(
            f"{error}; it may have been done all the same: look at the breaker and ask again once "
            "the shared state is back (with the same Idempotency-Key it is done once)"
        ) from error
    return _story(desk, name)


def _story(desk: Desk, name: str) -> BreakerStory:
    try:
        history = [PulledView.of(one) for one in desk.breakers.history(name)]
        changes = [TransitionView.model_validate(one) for one in desk.breakers.transitions(name)]
    except StateUnavailableError:
        history = changes = None
    sight = desk.breakers.sight()
    shown = BreakerView.of(name, sight.breakers.get(name), sight.why_stale)
    return BreakerStory(**shown.model_dump(), history=history, changes=changes)
