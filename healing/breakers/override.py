"""An operator's word, which goes before what a breaker finds itself."""

from dataclasses import dataclass

from healing.breakers.machine import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What an operator wants a breaker to do."""

    state: State
    reason: str
    by: str
    until: float | None
    """Monotonic time at which it ends by itself; None: until it is taken back."""

    def is_over(self, now: float) -> bool:
        """Whether it has ended by itself."""
        return self.until is not None and now >= self.until
