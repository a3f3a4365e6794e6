"""Leave to make one call, and how it went."""

from typing import TYPE_CHECKING

from healing.breakers.fleet import Ticket
from healing.breakers.window import Window

if TYPE_CHECKING:
    from healing.breakers.gate import Gate


class Permit:
    """Leave to make one call. Say once how it went; what is said later is ignored.

    Args:
        breaker: Who gave it.
        window: Where its outcome counts; None: nowhere.
        began: When the call began, monotonic seconds.
        ticket: The trial it is, while half open.
        is_watched: Whether it is counted when it hangs.

    Attributes:
        held: Seconds for which not the dependency but its consumer was at work.
    """

    __slots__ = ("_breaker", "_is_settled", "began", "held", "is_watched", "ticket", "window")

    def __init__(
        self,
        breaker: "Gate",
        window: Window | None,
        began: float,
        ticket: Ticket | int | None = None,
        *,
        is_watched: bool = False,
    ) -> None:
        self._breaker = breaker
        self._is_settled = False
        self.held = 0.0
        self.window = window
        self.began = began
        self.ticket = ticket
        self.is_watched = is_watched

    def record(self, ok: bool | None, *, told: float | None = None) -> None:  # noqa: FBT001
        """Say how the call went.

        Args:
            ok: True, False, or None when it says nothing about the dependency (cancelled).
            told: Seconds the dependency said to wait.
        """
        if not self._is_settled:
            self._is_settled = True
            self._breaker.settle(self, ok=ok, told=told)
