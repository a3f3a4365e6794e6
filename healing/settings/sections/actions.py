"""`actions`."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from healing.settings.actions import CACHE_PREFIX
from healing.settings.commands import CommandType, Understood, understand
from healing.settings.kinds import Text, one_of, read_argv, read_text
from healing.settings.section import Section


def _command(value: object) -> str | tuple[str, ...]:
    is_text = isinstance(value, str | int | float)
    return read_text(value).strip() if is_text else read_argv(value)


class ActionSettings(Section):
    """A command of an older file. It never runs: it is mapped to a typed action."""

    prefix: Text = CACHE_PREFIX
    """With `redis`: the keys that clearing a cache may remove begin with this."""
    type: Annotated[CommandType, BeforeValidator(one_of(CommandType))]
    """Who the command is addressed to: docker, docker-compose, redis or database."""
    command: Annotated[str | tuple[str, ...], BeforeValidator(_command)] = Field(min_length=1)
    """The command, as text or as a list of arguments; `{service}` is the service in trouble."""

    @field_validator("prefix")
    @classmethod
    def _not_everything(cls, prefix: str) -> str:
        if not prefix.strip("*?[] ") or any(sign in prefix for sign in "*?["):
            raise ValueError("must be the plain beginning of keys: without one, all would match")
        return prefix

    @field_validator("command")
    @classmethod
    def _one_of_the_forms(
        cls, command: str | tuple[str, ...], info: ValidationInfo
    ) -> str | tuple[str, ...]:
        if {"type", "prefix"} <= info.data.keys():
            understand(info.data["type"], command, prefix=info.data["prefix"])
        return command

    def understood(self) -> Understood:
        """Give the typed actions that the command asks for."""
        return understand(self.type, self.command, prefix=self.prefix)
