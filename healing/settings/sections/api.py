"""`api`."""

import ipaddress
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, SecretStr, field_validator

from healing.settings.kinds import Name, Port, Secret, Text, one_of
from healing.settings.section import Section

SHORTEST_TOKEN = 16


class Role(StrEnum):
    """What the holder of a token may do; each may also do what those before it may."""

    VIEWER = "viewer"
    """Look at everything."""
    OPERATOR = "operator"
    """Ask for recoveries, pause, silence, switch breakers and flags."""
    APPROVER = "approver"
    """Approve or reject what waits for a person."""
    ADMIN = "admin"
    """Everything."""


class TokenSettings(Section):
    """Who may use the REST API, and for what."""

    name: Name
    """Who it is: stands in the record of everything they do."""
    role: Annotated[Role, BeforeValidator(one_of(Role))] = Role.VIEWER
    """What they may do: viewer, operator, approver or admin."""
    token: Secret
    """The secret itself, at least 16 characters; best from a variable."""

    @field_validator("token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if len(token.get_secret_value().strip()) < SHORTEST_TOKEN:
            raise ValueError(f"must have at least {SHORTEST_TOKEN} characters")
        return token


class Api(Section):
    """The REST API of the agent."""

    host: Text = "127.0.0.1"
    """Address to listen on; any other than loopback needs a token."""
    port: Port = 8200
    """Port to listen on."""
    tokens: tuple[TokenSettings, ...] = ()
    """Who may use it; without any, everybody on this machine may."""

    @property
    def is_loopback_only(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
