"""The no that a caller gets."""

from healing.breakers.machine import Because
from healing.errors import TemporaryError


class BreakerOpen(TemporaryError):  # noqa: N818, it is a no and not a mistake
    """The call was refused; the dependency was not asked.

    Attributes:
        name: The breaker.
        retry_after: Seconds until it may be worth asking again; None when nobody knows.
        cause: Why calls are refused.
        scope: Who decided: `process`, `fleet` or `operator`.
    """

    def __init__(self, name: str, retry_after: float | None, cause: Because, scope: str) -> None:
        super().__init__(name, retry_after, cause, scope)
        self.name = name
        self.retry_after = retry_after
        self.cause = cause
        self.scope = scope

    def __str__(self) -> str:
        """Say it in a sentence."""
        when = "" if self.retry_after is None else f"; try again in {self.retry_after:.1f} s"
        return f"breaker {self.name!r} refuses calls ({self.scope}: {self.cause}){when}"
