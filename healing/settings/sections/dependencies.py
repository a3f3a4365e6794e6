"""`dependencies`."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.settings.kinds import Flag, Names, one_of
from healing.settings.section import Section, Switchable


class Isolation(StrEnum):
    """How a failing service is kept from taking others along."""

    PARTIAL = "partial"
    """Calls to it are limited."""
    FULL = "full"
    """Calls to it are refused."""


class CascadeProtection(Switchable):
    """Keeping one failure from becoming many."""

    enabled: Flag = True
    """Whether to act on the root only, and isolate it."""
    isolation_mode: Annotated[Isolation, BeforeValidator(one_of(Isolation))] = Isolation.PARTIAL
    """How a failing service is isolated: partial or full."""


class Dependencies(Section):
    """What the stack cannot do without, and what it can."""

    critical_services: Names = ()
    """Services without which the stack is down."""
    optional_services: Names = ()
    """Services the stack can do without for a while."""
    cascade_protection: CascadeProtection = Field(default_factory=CascadeProtection)
    """Keeping one failure from becoming many."""
