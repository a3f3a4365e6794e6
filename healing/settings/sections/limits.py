"""`safety.limits` and `services.<name>.limits`: the same keys."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from healing import units
from healing.services import Limits
from healing.settings.kinds import Duration, Pause
from healing.settings.section import Section

_STANDARD = Limits()
_BUDGET = re.compile(r"\s*(\d+)\s*(?:(?:/|per|in)\s*(.+))?", re.ASCII)


class Budget(NamedTuple):
    """So many acts within so long."""

    acts: int
    window: timedelta


def read_budget(value: object) -> Budget:
    """Read `3/1h`; without a window it is an hour.

    Raises:
        ValueError: It is no budget.
    """
    if isinstance(value, Budget):
        return value
    match = _BUDGET.fullmatch(str(value))
    if isinstance(value, bool) or match is None:
        raise ValueError(f"must be like 3/1h (three acts in an hour), not {units.shown(value)}")
    window = match[2] or ""
    # `3/h` is how people say one hour.
    words = "1" + window if window[:1].isalpha() else window
    budget = Budget(int(match[1]), units.read_duration(words) if words else _STANDARD.budget_window)
    if budget.acts < 1 or not budget.window:
        raise ValueError("must allow at least one act; to act never, set `level: observe`")
    return budget


def write_budget(budget: Budget) -> str:
    """Write a budget as `read_budget` reads it."""
    return f"{budget.acts}/{units.write_duration(budget.window)}"


class LimitsSettings(Section):
    """How often and how fast we may act on one service."""

    cool_down: Pause = _STANDARD.cool_down
    """Rest after an act on the same container; doubles with each act within an hour."""
    budget: Annotated[
        Budget,
        BeforeValidator(read_budget),
        PlainSerializer(write_budget, return_type=str),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}),
    ] = Budget(_STANDARD.budget, _STANDARD.budget_window)
    """Acts on the service within a time, such as `3/1h`."""
    settle: Pause = _STANDARD.settle
    """After a start, time in which a bad answer is not yet held against a container."""
    stable_for: Duration = _STANDARD.stable_for
    """How long it must be well before we call it healed."""
    verify_within: Duration = _STANDARD.verify_within
    """How long we wait for it to become stable."""
    stop_grace: Pause | None = _STANDARD.stop_grace
    """Time to stop by itself before it is killed; by default the container's own."""

    def over(self, base: Limits) -> Limits:
        """Give `base` with everything that was said here instead."""
        said: dict[str, Any] = {
            key: getattr(self, key) for key in self.model_fields_set if key != "budget"
        }
        if "budget" in self.model_fields_set:
            said |= {"budget": self.budget.acts, "budget_window": self.budget.window}
        return replace(base, **said)

    @classmethod
    def of(cls, limits: Limits) -> "LimitsSettings":
        """Write the domain's limits as keys."""
        return cls(
            cool_down=limits.cool_down,
            budget=Budget(limits.budget, limits.budget_window),
            settle=limits.settle,
            stable_for=limits.stable_for,
            verify_within=limits.verify_within,
            stop_grace=limits.stop_grace,
        )
