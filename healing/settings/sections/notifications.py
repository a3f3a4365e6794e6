"""`notifications`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.settings.kinds import Name, Secret, one_of
from healing.settings.section import Section


class ChannelType(StrEnum):
    """What stands behind a channel."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    EMAIL = "email"
    PAGERDUTY = "pagerduty"


class ChannelSettings(Section):
    """One way to reach people."""

    type: Annotated[ChannelType, BeforeValidator(one_of(ChannelType))] = ChannelType.WEBHOOK
    """What stands behind it: webhook, slack, teams, discord, email or pagerduty."""
    url: Secret | None = None
    """Where to send to, secrets and all; without one the channel stays silent."""


def _read_channel(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


class Notifications(Section):
    """How people are told."""

    channels: Mapping[
        Name,
        Annotated[
            ChannelSettings,
            BeforeValidator(_read_channel, json_schema_input_type=ChannelSettings | str),
        ],
    ] = Field(default_factory=dict[str, ChannelSettings])
    """Ways to reach people, by the names that `predictive_monitoring.alerts` uses."""
