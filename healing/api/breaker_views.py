"""Circuit breakers as the REST interface shows them, and what may be asked of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from healing.api.schemas import Reason
from healing.breakers import Because, State
from healing.breakers.operating import Command, FleetBreaker, Lever, Pulled
from healing.breakers.rules import seconds
from healing.names import Actor
from healing.units import read_some_time
from healing.watching import Sight


class Mode(StrEnum):
    """What a breaker is to do until further notice."""

    FORCE_OPEN = "force_open"
    FORCE_CLOSED = "force_closed"
    OBSERVE = "observe"
    NONE = "none"


class OverrideRequest(BaseModel):
    """Put a breaker under a person's word, in every process of the fleet."""

    model_config = ConfigDict(extra="forbid")

    mode: Annotated[
        Mode,
        Field(
            description="force_open refuses every call, force_closed lets every call through, "
            "observe counts and refuses nobody, none lets it decide for itself again"
        ),
    ]
    reason: Reason
    lasts: Annotated[
        str | None,
        Field(alias="for", description="Such as `15m`; leave it out: until it is taken back"),
    ] = None
    epoch: Annotated[
        int | None, Field(ge=0, description="Only if nothing changed since; 409 when it did")
    ] = None

    @field_validator("lasts")
    @classmethod
    def _is_some_time(cls, text: str | None) -> str | None:
        if text is not None:
            read_some_time(text)
        return text

    @model_validator(mode="after")
    def _has_an_end_only_where_it_lasts(self) -> Self:
        if self.mode is Mode.NONE and self.lasts is not None:
            raise ValueError("`none` takes an override back at once: leave `for` out")
        return self

    def command(self, by: Actor, key: str) -> Command:
        """Hand the checked request to the domain."""
        return Command(
            lever=Lever(self.mode),
            by=by,
            reason=self.reason,
            lasts=read_some_time(self.lasts) if self.lasts is not None else None,
            epoch=self.epoch,
            key=key,
        )


class ResetRequest(BaseModel):
    """Close a breaker now; a person's word on it ends as well."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=500, description="Why, in your words")] = ""
    epoch: Annotated[
        int | None, Field(ge=0, description="Only if nothing changed since; 409 when it did")
    ] = None

    def command(self, by: Actor, key: str) -> Command:
        """Hand the checked request to the domain."""
        return Command(lever=Lever.RESET, by=by, reason=self.reason, epoch=self.epoch, key=key)


class RulesRequest(BaseModel):
    """Judge by other rules, in every process of the fleet; what was counted stays."""

    model_config = ConfigDict(extra="forbid")

    rules: Annotated[
        dict[str, float | str],
        Field(
            description="Those that are to differ from what the processes say, such as "
            '`{"fail_rate": 0.3, "open_for": "10s"}`; 0 switches a limit off; '
            "`{}` goes back to what the processes say"
        ),
    ]
    reason: Reason
    epoch: Annotated[
        int | None, Field(ge=0, description="Only if nothing changed since; 409 when it did")
    ] = None

    @field_validator("rules")
    @classmethod
    def _are_numbers(cls, rules: dict[str, float | str]) -> dict[str, float | str]:
        return {name: _number(name, value) for name, value in rules.items()}

    def command(self, by: Actor, key: str) -> Command:
        """Hand the checked request to the domain."""
        return Command(
            lever=Lever.RULES,
            by=by,
            reason=self.reason,
            epoch=self.epoch,
            key=key,
            rules={name: float(value) for name, value in self.rules.items()},
        )


def _number(name: str, value: float | str) -> float:
    try:
        number = seconds(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name} must be 0 or more, not {value!r}")
    return number


class OverrideView(BaseModel):
    """A person's word, which goes before what the breaker found itself."""

    mode: str
    by: str
    reason: str
    until: Annotated[datetime | None, Field(description="null: until it is taken back")]


class BreakerView(BaseModel):
    """One breaker, as it stands in the whole fleet."""

    name: str
    state: Annotated[
        State | None,
        Field(description="What processes do with calls; null while nobody has seen it yet"),
    ] = None
    why: Annotated[str, Field(description="One sentence")]
    because: Because | None = None
    until: Annotated[datetime | None, Field(description="While open: when trials may begin")] = None
    verdict: Annotated[State | None, Field(description="What it would be without the override")] = (
        None
    )
    override: OverrideView | None = None
    calls: Annotated[int, Field(description="Within the window, in all processes")] = 0
    failed: int = 0
    slow: int = 0
    processes: Annotated[int, Field(description="That reported within the window")] = 0
    processes_failing: int = 0
    opened: Annotated[int, Field(description="Times it opened since it last closed")] = 0
    epoch: Annotated[int, Field(description="Counts its changes")] = 0
    rules: Annotated[
        dict[str, float], Field(description="What it is judged by; durations are seconds")
    ] = {}
    changed_rules: Annotated[
        dict[str, float], Field(description="Those of them that an operator changed")
    ] = {}
    seen_at: datetime | None = None
    stale: Annotated[bool, Field(description="Whether it may have changed since it was seen")]

    @classmethod
    def of(cls, name: str, one: FleetBreaker | None, why_stale: str) -> "BreakerView":
        """Show a breaker; None: one that nobody has seen."""
        if one is None:
            return cls(name=name, why=why_stale or "nobody has looked yet", stale=True)
        override = None
        if one.override is not Lever.NONE:
            override = OverrideView(
                mode=one.override, by=one.by, reason=one.reason, until=one.override_until
            )
        return cls(
            name=name,
            state=one.state,
            why=one.sentence(),
            because=one.because,
            until=one.until,
            verdict=one.verdict,
            override=override,
            calls=one.calls,
            failed=one.failed,
            slow=one.slow,
            processes=one.members,
            processes_failing=one.failing,
            opened=one.opened,
            epoch=one.epoch,
            rules=dict(one.rules),
            changed_rules=dict(one.changed_rules),
            seen_at=one.seen_at,
            stale=bool(why_stale),
        )


class PulledView(BaseModel):
    """One line of what operators did."""

    at: datetime
    action: str
    by: str
    reason: str
    lasts_seconds: Annotated[float | None, Field(description="null: until it is taken back")]
    before: Annotated[State, Field(description="What it did with calls until then")]
    epoch: int

    @classmethod
    def of(cls, one: Pulled) -> "PulledView":
        """Show a line."""
        return cls(
            at=one.at,
            action=one.action,
            by=one.by,
            reason=one.reason,
            lasts_seconds=one.lasts.total_seconds() if one.lasts else None,
            before=one.before,
            epoch=one.epoch,
        )


class TransitionView(BaseModel):
    """One line of what the breaker did."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    before: State
    after: State
    because: Because
    calls: Annotated[int, Field(description="What it was judged by; 0: no calls were judged")]
    failed: int
    slow: int
    epoch: int


class BreakerStory(BreakerView):
    """One breaker, with how it changed, and what operators did to it."""

    changes: Annotated[
        list[TransitionView] | None,
        Field(description="Newest first; null while the shared state does not answer"),
    ]
    history: Annotated[
        list[PulledView] | None,
        Field(description="Newest first; null while the shared state does not answer"),
    ]


class BreakersInBrief(BaseModel):
    """All breakers in a few words."""

    by_state: Annotated[dict[State, int], Field(description="How many are in each state")]
    not_closed: list[BreakerView]
    stale: bool

    @classmethod
    def of(cls, sight: Sight) -> "BreakersInBrief":
        """Summarise what was seen last."""
        seen = [one for one in sight.breakers.values() if one is not None]
        return cls(
            by_state={
                state: count for state in State if (count := sum(b.state is state for b in seen))
            },
            not_closed=[
                BreakerView.of(one.name, one, sight.why_stale)
                for one in seen
                if one.state is not State.CLOSED
            ],
            stale=bool(sight.why_stale),
        )
