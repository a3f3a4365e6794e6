"""The kill switch."""

from fastapi import APIRouter

from healing.api.access import Operator
from healing.api.desk import AtDesk
from healing.api.schemas import PauseRequest
from healing.api.status import Status

router = APIRouter(tags=["switch"])


@router.post("/pause")
def pause(body: PauseRequest, desk: AtDesk, caller: Operator) -> Status:
    """Stop all acting on this host, also over a restart; what is under way comes to its end."""
    desk.switch.off(by=caller.name, reason=body.reason, at=desk.clock())
    return desk.status()


@router.post("/resume")
def resume(desk: AtDesk, _: Operator) -> Status:
    """Allow acting again."""
    desk.switch.on()
    return desk.status()
