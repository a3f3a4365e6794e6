"""What the fleet's scripts take and give, as values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Action: TypeAlias = Literal["forced_open", "disabled", "observing", "auto", "reset", "terms"]
ANY_EPOCH = -1
DURATIONS = frozenset({"window", "open_for", "open_at_most", "trial_within"})
"""Fields of `Terms` that are milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the scripts judge by. Durations are milliseconds; 0 switches a limit off."""

    window: int = 60_000
    min_calls: int = 20
    fail_rate: float = 0.5
    fail_count: int = 0
    in_a_row: int = 0
    """When this many failed and none was good, or most processes refuse by themselves, it opens."""
    slow_rate: float = 0.0
    quorum: int = 2
    """Processes that must see failures before all stop calling; or all there are, if fewer."""
    open_for: int = 30_000
    open_growth: float = 1.0
    open_at_most: int = 600_000
    jitter: float = 0.1
    trials: int = 3
    trials_at_once: int = 1
    trial_within: int = 10_000
    successes_to_close: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.successes_to_close <= self.trials:
            said = f"from 1 to trials ({self.trials})"
            raise ValueError(f"successes_to_close must be {said}, not {self.successes_to_close}")
        for name in ("window", "quorum", "open_for", "trials_at_once", "trial_within"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStanding:
    """How one breaker stands in the whole fleet. Times are milliseconds."""

    name: str
    state: str
    epoch: int
    """Counts the changes; a higher one is newer."""
    left: int
    """While open: until trials begin."""
    opened: int
    """Times it opened since it last closed."""
    because: str
    mode: str
    """`auto`, or what an operator set: `forced_open`, `disabled`, `observing`."""
    mode_left: int
    """Until the override ends by itself; -1: never, or there is none."""
    by: str
    why: str
    calls: int
    failed: int
    slow: int
    members: int
    """Processes that reported within the window."""
    failing: int
    """Those of them that saw failures."""
    at: int
    """Redis's time, since 1970."""
    terms: Mapping[str, float] | None
    """What an operator changed about the rules."""
    given: Mapping[str, float] | None
    """The rules that the processes reported last."""

    @classmethod
    def read(cls, name: str, row: Sequence[Any]) -> "FleetStanding":
        """Read what a script answers."""
        state, epoch, left, opened, because, mode, mode_left, by, why, *rest = row
        calls, failed, slow, members, failing, at, terms, given = rest
        return cls(
            name=name,
            state=text(state),
            epoch=int(epoch),
            left=int(left),
            opened=int(opened),
            because=text(because),
            mode=text(mode),
            mode_left=int(mode_left),
            by=text(by),
            why=text(why),
            calls=int(calls),
            failed=int(failed),
            slow=int(slow),
            members=int(members),
            failing=int(failing),
            at=int(at),
            terms=json.loads(terms) if terms else None,
            given=json.loads(given) if given else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one process counted since its last report."""

    instance: str
    """The process."""
    number: int = 1
    """Grows with each report of the process; one that arrives twice counts once."""
    epoch: int = ANY_EPOCH
    """In which it was counted: in another one it says nothing."""
    calls: int = 0
    failed: int = 0
    slow: int = 0
    is_tripped: bool = False
    """Whether the process refuses calls by itself."""
    told: int = 0
    """Milliseconds that the dependency said to wait."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave to make one trial."""

    token: str
    epoch: int
    lasts: int
    """Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What an operator wants of a breaker, in every process."""

    action: Action
    by: str
    why: str
    lasts: int = 0
    """Milliseconds until it ends by itself; 0: until it is taken back."""
    expected: int = ANY_EPOCH
    """Only if nothing changed since this epoch."""
    terms: Mapping[str, float] | None = None
    """For the action `terms`: the fields of `Terms` to change."""
    key: str = ""
    """Given by who asks: asking twice with the same key asks once; empty: every time counts."""


def text(value: object) -> str:
    """Read what Redis gives, with or without `decode_responses`."""
    return value.decode() if isinstance(value, bytes) else str(value)
