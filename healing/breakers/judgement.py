"""What an outcome says about the dependency: failed, good, or nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from healing.breakers.refusal import BreakerOpen

_log = logging.getLogger(__name__)
ErrorTest = type[BaseException] | Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How outcomes are read.

    A cancelled call, a closed generator, a signal to exit, and the refusal of another breaker say
    nothing about the dependency, whatever stands here.
    """

    failures: tuple[ErrorTest, ...] = (Exception,)
    """Errors that are failures, also where a test itself fails; any other is a good answer."""
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
        if any(_fits(error, test, in_doubt=False) for test in self.ignore):
            return None
        return not any(_fits(error, test, in_doubt=True) for test in self.failures)

    def told(self, answer: object) -> float | None:
        """Read how long the dependency says to wait; None when it says nothing usable."""
        if self.retry_after is None:
            return None
        try:
            wait = float(self.retry_after(answer) or 0)
        # A header nobody can read must not turn an answer into an error.
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return None
        return wait if 0 < wait < float("inf") else None


def _fits(error: BaseException, test: ErrorTest, *, in_doubt: bool) -> bool:
    if isinstance(test, type):
        return isinstance(error, test)
    try:
        return bool(test(error))
    # The caller is to get the error of the call, and not that of a test that cannot read it.
    except Exception:  # noqa: BLE001, whatever it is
        _log.exception("a test of errors failed error=%r", error)
        return in_doubt
