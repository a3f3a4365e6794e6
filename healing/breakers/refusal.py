"""The no that a caller gets."""

from healing.breakers.machine import Because
from healing.errors import TemporaryError


class BreakerOpen(TemporaryError):  # noqa: N818, it is a no and not a mistake
    """The call was refused; the dependency was not asked."""

    # Read from `args` when asked for: a refusal is to cost less than the call it saves.

    @property
    def name(self) -> str:
        """The breaker."""
        return self.args[0]

    @property
    def retry_after(self) -> float | None:
        """Seconds until it may be worth asking again; None when nobody knows."""
        return self.args[1]

    @property
    def cause(self) -> Because:
        """Why calls are refused."""
        return self.args[2]

    @property
    def scope(self) -> str:
        """Who decided: `process`, `fleet` or `operator`."""
        return self.args[3]

    def __str__(self) -> str:
        """Say it in a sentence."""
        when = "" if self.retry_after is None else f"; try again in {self.retry_after:.1f} s"
        return f"breaker {self.name!r} refuses calls ({self.scope}: {self.cause}){when}"
