"""What an outcome says about the dependency: failed, good, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from healing.breakers.refusal import BreakerOpen

ErrorTest = type[BaseException] | Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How outcomes are read.

    A cancelled call, a closed generator, a signal to exit, and the refusal of another breaker say
    nothing about the dependency, whatever stands here.
    """

    failures: tuple[ErrorTest, ...] = (Exception,)
    """Errors that are failures; any other error is a good answer."""
    ignore: tuple[ErrorTest, ...] = ()
    """Errors that say nothing."""
    bad_result: Callable[[Any], bool] | None = None
    """Tells a result that is a failure."""
    retry_after: Callable[[Any], float | str | None] | None = None
    """Reads from a failed result or error how many seconds the dependency says to wait."""

    def is_ok(self, error: BaseException) -> bool | None:
        """Judge an error: False is a failure, True a good answer, None says nothing."""
        if not isinstance(error, Exception) or isinstance(error, BreakerOpen):
            return None
        if any(_fits(error, test) for test in self.ignore):
            return None
        return not any(_fits(error, test) for test in self.failures)

    def told(self, answer: object) -> float | None:
        """Read how long the dependency says to wait; None when it says nothing usable."""
        if self.retry_after is None:
            return None
        try:
            wait = float(self.retry_after(answer) or 0)
        # A header nobody can read must not turn an answer into an error.
        except (ValueError, TypeError, AttributeError, KeyError):
            return None
        return wait if 0 < wait < float("inf") else None


def _fits(error: BaseException, test: ErrorTest) -> bool:
    return isinstance(error, test) if isinstance(test, type) else bool(test(error))
