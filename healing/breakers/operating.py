"""A fleet's breaker as those who operate it see it, and what they may say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from healing.breakers.machine import Because, State


class Lever(StrEnum):
    """What an operator may do to a breaker, in every process at once."""

    FORCE_OPEN = "force_open"
    """Refuse every call."""
    FORCE_CLOSED = "force_closed"
    """Let every call through, whatever comes of it."""
    OBSERVE = "observe"
    """Count and judge, and refuse nobody."""
    NONE = "none"
    """Let it decide for itself again, from where it stands."""
    RESET = "reset"
    """Close it now, and let it decide for itself again."""
    RULES = "rules"
    """Judge by other rules from now on; what was counted stays."""


STATES = {
    Lever.FORCE_OPEN: State.FORCED_OPEN,
    Lever.FORCE_CLOSED: State.DISABLED,
    Lever.OBSERVE: State.OBSERVING,
}
"""What a breaker does with calls while such an override lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What one operator wants of one breaker."""

    lever: Lever
    by: str
    reason: str
    lasts: timedelta | None = None
    """An override ends by itself after this; None: when it is taken back."""
    epoch: int | None = None
    """Only if nothing changed since this epoch; None: in any case."""
    key: str = ""
    """Asking twice with the same key asks once; empty: every time counts."""
    rules: Mapping[str, float] = field(default_factory=dict[str, float])
    """With `RULES`: those that are to differ from what the processes say, named as in `Rules`;
    durations are seconds, 0 switches a limit off. None at all: as the processes say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetBreaker:
    """How one breaker stands in the whole fleet."""

    name: str
    verdict: State
    """What the fleet itself found: closed, open or half open."""
    because: Because
    """Why it found that."""
    until: datetime | None
    """While open: when trials may begin."""
    opened: int
    """Times it opened since it last closed."""
    epoch: int
    """Counts the changes; a higher one is newer."""
    override: Lever
    """An operator's word, which goes before the fleet's verdict; `none` where there is none."""
    override_until: datetime | None
    """None: until it is taken back, or there is no override."""
    by: str
    """Who last pulled a lever; empty when nobody did, or the override has ended by itself."""
    reason: str
    calls: int
    """Within the window, in all processes; so with the next ones."""
    failed: int
    slow: int
    members: int
    """Processes that reported within the window."""
    failing: int
    """Those of them that saw failures."""
    seen_at: datetime
    rules: Mapping[str, float] = field(default_factory=dict[str, float])
    """What it is judged by, named as in `Rules`; empty while no process has said."""
    changed_rules: Mapping[str, float] = field(default_factory=dict[str, float])
    """Those of them that an operator changed."""

    @property
    def state(self) -> State:
        """What processes do with calls."""
        return STATES.get(self.override, self.verdict)

    @property
    def refuses(self) -> bool:
        """Whether it refuses calls because of what it found itself."""
        return self.state in {State.OPEN, State.HALF_OPEN}

    def sentence(self) -> str:
        """Say why it does with calls what it does."""
        if self.override is not Lever.NONE:
            end = f", until {self.override_until:%H:%M:%S} UTC" if self.override_until else ""
            return f"{self.override.value.replace('_', ' ')} by {self.by}: {self.reason}{end}"
        counts = f"{self.failed} of {self.calls} calls failed" if self.calls else "no calls lately"
        counts += f", {self.slow} slow" if self.slow else ""
        match self.verdict, self.because:
            case State.CLOSED, Because.NEW:
                return f"never opened; {counts}"
            case State.CLOSED, Because.TRIALS_SUCCEEDED:
                return f"closed by good trials; {counts}"
            case State.CLOSED, _:
                return f"closed by {self.by or 'an operator'}; {counts}"
            case State.HALF_OPEN, _:
                return "trials find out whether it answers again"
            case _, Because.TRIALS_FAILED:
                return f"trials failed; opened {self.opened} times in a row"
            case _, Because.OPERATOR:
                return "an override has ended: a trial will find out"
            case _:
                return f"{self.because.value.replace('_', ' ')}: {counts}"

    def may_have_changed(self, now: datetime) -> bool:
        """Tell whether time alone may have changed it since it was seen."""
        ends = (self.until, self.override_until)
        return self.verdict is State.HALF_OPEN or any(end and end <= now for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One line of the record of what operators did."""

    at: datetime
    action: str
    """The lever."""
    by: str
    reason: str
    lasts: timedelta | None
    before: State
    """What it did with calls until then."""
    epoch: int
    """The epoch that began with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of the record of what a breaker did by itself, or was made to do."""

    at: datetime
    before: State
    after: State
    because: Because
    calls: int
    """What it was judged by, in all processes; 0 where no calls were judged."""
    failed: int
    slow: int
    epoch: int
    """The epoch that began with it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The fleet's leave to try the dependency once."""

    token: str
    epoch: int
    lasts: timedelta
    """Not settled by then, it counts as failed."""
