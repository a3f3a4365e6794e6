"""`circuit_breakers`."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator

from healing.breakers import Defaults, Rules
from healing.settings.kinds import Count, Duration, Flag, Json, Name, Text
from healing.settings.section import Section


class BreakerSettings(Section):
    """When calls to one dependency are refused, and when they are tried again."""

    failure_threshold: Count = 5
    """Failures that open the breaker."""
    success_threshold: Count = 2
    """Trials that must succeed before it closes again."""
    timeout: Duration = timedelta(seconds=30)
    """How long calls are refused before trials begin."""
    half_open_requests: Count = 3
    """Trials allowed before the breaker decides."""
    fallback_response: Json | None = None
    """Answer given while it is open; text that reads as JSON becomes JSON."""
    recovery_action: Text | None = None
    """Procedure or action to start when it opens."""
    fallback_to_memory: Flag = False
    """Answer with the last good answer to the same call while it is open, kept in memory."""

    @field_validator("fallback_response", mode="before")
    @classmethod
    def _json_in_text(cls, value: object) -> object:
        if isinstance(value, str) and value.strip()[:1] in {"{", "["}:
            try:
                return json.loads(value)
            except ValueError as error:
                raise ValueError(f"begins like JSON and is none: {error}") from error
        return value

    def defaults(self) -> Defaults:
        """Hand the checked values to the breaker: failures and successes are counted in a row."""
        trials = max(self.half_open_requests, self.success_threshold)
        rules = Rules(
            fail_rate=None,
            in_a_row=self.failure_threshold,
            open_for=self.timeout.total_seconds(),
            open_at_most=max(600.0, self.timeout.total_seconds()),
            trials=trials,
            trials_at_once=self.half_open_requests,
            successes_to_close=self.success_threshold,
        )
        return Defaults(
            rules=rules,
            fallback_response=self.fallback_response,
            fallback_to_memory=self.fallback_to_memory,
        )


class CircuitBreakers(Section):
    """Breakers between services and what they depend on."""

    default: BreakerSettings = Field(default_factory=BreakerSettings)
    """What holds for every breaker that does not say otherwise."""
    services: Mapping[Name, BreakerSettings] = Field(default_factory=dict[str, BreakerSettings])
    """Breakers by the name of the service that is called; each says only what differs."""

    def named(self, name: str) -> BreakerSettings:
        """Give the settings of one breaker, those it does not say itself taken from `default`."""
        own = self.services.get(name)
        if own is None:
            return self.default
        said: dict[str, Any] = {key: getattr(own, key) for key in own.model_fields_set}
        return self.default.model_copy(update=said)

    def lookup(self, name: str) -> Defaults | None:
        """Give what stands here for a breaker; None when its name is not known."""
        return self.named(name).defaults() if name in self.services else None
