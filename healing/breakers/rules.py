"""What counts as trouble, and how long calls are refused for it: frozen numbers, checked once."""

from dataclasses import dataclass
from datetime import timedelta

from healing.units import read_duration


def seconds(duration: timedelta | float | str) -> float:
    """Read a duration as seconds; a plain number is seconds already.

    Raises:
        ValueError: It is no duration, or is negative.

    Example:
        >>> seconds("1m30s"), seconds(2), seconds("250ms")
        (90.0, 2.0, 0.25)
    """
    if isinstance(duration, timedelta):
        total = duration.total_seconds()
    elif isinstance(duration, str):
        total = read_duration(duration).total_seconds()
    else:
        total = float(duration)
    if total < 0:
        raise ValueError(f"a duration must not be negative, not {duration!r}")
    return total


def _require(holds: bool, name: str, wanted: str, got: object) -> None:  # noqa: FBT001
    if not holds:
        raise ValueError(f"{name} must be {wanted}, not {got!r}")


@dataclass(frozen=True, slots=True)
class LastCalls:
    """Judge by the last so many calls."""

    calls: int = 100

    def __post_init__(self) -> None:
        _require(self.calls >= 1, "calls", "at least 1", self.calls)


@dataclass(frozen=True, slots=True)
class LastSeconds:
    """Judge by the calls of the last so many seconds, forgotten in ten slices."""

    seconds: float = 60.0

    def __post_init__(self) -> None:
        _require(self.seconds > 0, "seconds", "more than 0", self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a breaker opens, for how long, and what closes it again. Durations are seconds.

    Whichever of the limits is reached first opens it; None switches a limit off.
    """

    fail_rate: float | None = 0.5
    """Share of failed calls in the window, from `min_calls` calls on."""
    fail_count: int | None = None
    """Failed calls in the window, however many calls there were."""
    in_a_row: int | None = None
    """Failed calls without a good one between them."""
    slow_after: float | None = None
    """Calls that take this long are slow; None: no call is."""
    slow_rate: float = 0.8
    """Share of slow calls in the window, from `min_calls` calls on."""
    count_hanging: bool = True
    """Count a call as slow when it has run for `slow_after`, before it returns."""
    window: LastCalls | LastSeconds = LastSeconds()
    """Which calls are judged."""
    min_calls: int = 20
    """Fewer calls than this say nothing about a rate; a window of fewer calls does when full."""
    open_for: float = 30.0
    """How long calls are refused before trials begin."""
    open_growth: float = 1.0
    """Factor for each time it opens again without having closed; 2 doubles."""
    open_at_most: float = 600.0
    """No refusal lasts longer, also not one that the dependency asked for."""
    jitter: float = 0.1
    """Share by which a refusal is lengthened at random, so that not all come back at once."""
    trials: int = 3
    """Calls let through before it decides."""
    trials_at_once: int = 1
    """How many of them may run at the same time."""
    trial_within: float = 10.0
    """A trial without an outcome after this counts as failed: a lost one holds nobody up."""
    successes_to_close: int = 2
    """Good trials that close it; it opens again once these cannot be reached any more."""
    ramp: float = 0.0
    """After closing, let traffic come back over this time."""
    quorum: int = 2
    """Processes that must see failures before a fleet opens; or all that call, if fewer."""

    @property
    def enough_calls(self) -> int:
        """From how many calls on a rate is judged."""
        if isinstance(self.window, LastCalls):
            return min(self.min_calls, self.window.calls)
        return self.min_calls

    def __post_init__(self) -> None:
        for name in ("fail_rate", "slow_rate"):
            rate = getattr(self, name)
            _require(rate is None or 0 < rate <= 1, name, "above 0 and at most 1", rate)
        for name in ("fail_count", "in_a_row", "min_calls", "trials", "trials_at_once", "quorum"):
            count = getattr(self, name)
            _require(count is None or count >= 1, name, "at least 1", count)
        for name in ("open_for", "trial_within", "open_at_most"):
            _require(getattr(self, name) > 0, name, "more than 0", getattr(self, name))
        slow = self.slow_after
        _require(slow is None or slow > 0, "slow_after", "more than 0", slow)
        _require(self.open_growth >= 1, "open_growth", "at least 1", self.open_growth)
        _require(0 <= self.jitter <= 1, "jitter", "from 0 to 1", self.jitter)
        _require(self.ramp >= 0, "ramp", "0 or more", self.ramp)
        _require(
            1 <= self.successes_to_close <= self.trials,
            "successes_to_close",
            f"from 1 to trials ({self.trials})",
            self.successes_to_close,
        )
