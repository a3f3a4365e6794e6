"""The breaker as pure functions: a standing, what happened, and the time give the next standing.

closed -> open (a limit is reached) -> half open (the time is over) -> closed or open again. Each
change starts a new generation; an outcome that began in an earlier one never counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from healing.breakers.rules import Rules


class State(StrEnum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    OBSERVING = "observing"


class Because(StrEnum):
    """Why a breaker is where it is, or why a call was refused."""

    NEW = "new"
    FAIL_RATE = "fail_rate"
    FAIL_COUNT = "fail_count"
    IN_A_ROW = "in_a_row"
    SLOW_RATE = "slow_rate"
    TIME_OVER = "time_over"
    MENDED = "mended"
    TRIALS_SUCCEEDED = "trials_succeeded"
    TRIALS_FAILED = "trials_failed"
    TRIALS_TAKEN = "trials_taken"
    RAMP = "ramp"
    FLEET = "fleet"
    OPERATOR = "operator"

    @classmethod
    def _missing_(cls, value: object) -> "Because":  # noqa: ARG003 - as enum has it
        """A fleet of several versions may give a reason that this one has no word for yet."""
        return cls.FLEET


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Calls that have an outcome (and hanging ones that are counted already)."""

    calls: int = 0
    failed: int = 0
    slow: int = 0
    in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a breaker stands. Times are seconds of the clock that is handed in."""

    state: State = State.CLOSED
    generation: int = 0
    since: float = 0.0
    until: float = 0.0
    """While open: when trials begin."""
    because: Because = Because.NEW
    opened: int = 0
    """Times it opened since it was last closed for good."""
    succeeded: int = 0
    failed: int = 0
    leases: Mapping[int, float] = field(default_factory=dict[int, float])
    """While half open: trials that run, and when each is given up."""


def exceeded(counts: Counts, rules: Rules) -> Because | None:
    """Name the limit that is reached; None while all is well."""
    if rules.in_a_row is not None and counts.in_a_row >= rules.in_a_row:
        return Because.IN_A_ROW
    if rules.fail_count is not None and counts.failed >= rules.fail_count:
        return Because.FAIL_COUNT
    if counts.calls < rules.enough_calls:
        return None
    if rules.fail_rate is not None and counts.failed >= rules.fail_rate * counts.calls > 0:
        return Because.FAIL_RATE
    if rules.slow_after is not None and counts.slow >= rules.slow_rate * counts.calls > 0:
        return Because.SLOW_RATE
    return None


def opened(
    standing: Standing,
    because: Because,
    *,
    now: float,
    rules: Rules,
    spread: float,
    told: float | None = None,
) -> Standing:
    """Refuse calls from now on.

    Args:
        standing: Where it stood.
        because: Why.
        now: The time.
        rules: The rules.
        spread: Random number from 0 to 1, for the jitter.
        told: Seconds the dependency asked for itself (`Retry-After`); taken when longer.
    """
    # Grown in steps that stop at the longest time: a power would overflow after a long outage.
    length = rules.open_for
    for _ in range(standing.opened):
        if rules.open_growth == 1 or length >= rules.open_at_most:
            break
        length *= rules.open_growth
    length = max(length * (1 + rules.jitter * spread), told or 0.0)
    return Standing(
        state=State.OPEN,
        generation=standing.generation + 1,
        since=now,
        until=now + min(length, rules.open_at_most),
        because=because,
        opened=standing.opened + 1,
    )


def closed(standing: Standing, because: Because, *, now: float) -> Standing:
    """Let calls through again."""
    return Standing(generation=standing.generation + 1, since=now, because=because)


def advanced(standing: Standing, *, now: float, rules: Rules, spread: float) -> Standing:
    """Give what the time alone makes of it: trials begin, lost trials are given up."""
    if standing.state is State.OPEN and now >= standing.until:
        return Standing(
            state=State.HALF_OPEN,
            generation=standing.generation + 1,
            since=now,
            because=Because.TIME_OVER,
            opened=standing.opened,
        )
    lost = [ticket for ticket, deadline in standing.leases.items() if now >= deadline]
    for ticket in lost:
        standing = settled(standing, ticket, ok=False, now=now, rules=rules, spread=spread)
    return standing


def admitted(standing: Standing, ticket: int, *, now: float, rules: Rules) -> Standing | None:
    """Let one trial begin; None when all that may run are taken."""
    begun = standing.succeeded + standing.failed + len(standing.leases)
    if begun >= rules.trials or len(standing.leases) >= rules.trials_at_once:
        return None
    leases = {**standing.leases, ticket: now + rules.trial_within}
    return _with_trials(standing, leases, standing.succeeded, standing.failed)


def settled(
    standing: Standing,
    ticket: int,
    *,
    ok: bool | None,
    now: float,
    rules: Rules,
    spread: float,
    told: float | None = None,
) -> Standing:
    """Take in how a trial ended; None gives its place back. One that is not running is ignored."""
    if ticket not in standing.leases:
        return standing
    leases = {other: until for other, until in standing.leases.items() if other != ticket}
    succeeded, failed = standing.succeeded + (ok is True), standing.failed + (ok is False)
    standing = _with_trials(standing, leases, succeeded, failed)
    if standing.succeeded >= rules.successes_to_close:
        return closed(standing, Because.TRIALS_SUCCEEDED, now=now)
    if standing.failed > rules.trials - rules.successes_to_close:
        why = Because.TRIALS_FAILED
        return opened(standing, why, now=now, rules=rules, spread=spread, told=told)
    return standing


def _with_trials(
    standing: Standing, leases: Mapping[int, float], succeeded: int, failed: int
) -> Standing:
    # Named one by one: `dataclasses.replace` takes longer, twice in every trial.
    return Standing(
        state=standing.state,
        generation=standing.generation,
        since=standing.since,
        until=standing.until,
        because=standing.because,
        opened=standing.opened,
        succeeded=succeeded,
        failed=failed,
        leases=leases,
    )
