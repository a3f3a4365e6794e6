"""Commands of older files, understood as typed actions. None of them ever runs.

A command is split into arguments and recognised, or it is refused with the list of forms there are.
What it would do to more than the service in trouble is narrowed, and the narrowing is said.
"""

import re
from enum import StrEnum

from healing.settings.commands import compose, docker, processes, redis, sql
from healing.settings.commands.words import (
    Understood,
    is_shell_syntax,
    normal_placeholders,
    split,
)
from healing.units import shown

__all__ = ["FORMS", "CommandType", "Understood", "understand"]


class CommandType(StrEnum):
    """Who an action's command is addressed to."""

    DOCKER = "docker"
    DOCKER_COMPOSE = "docker-compose"
    REDIS = "redis"
    DATABASE = "database"


FORMS: dict[CommandType, tuple[str, ...]] = {
    CommandType.DOCKER: docker.FORMS,
    CommandType.DOCKER_COMPOSE: compose.FORMS,
    CommandType.REDIS: redis.FORMS,
    CommandType.DATABASE: sql.FORMS,
}
"""What can be written, by type, as it is shown to the operator."""


def understand(kind: CommandType, command: str | tuple[str, ...], *, prefix: str) -> Understood:
    """Find the typed actions that a command asks for.

    Args:
        kind: Who the command is addressed to.
        command: As it stands in the file, in one text or already split.
        prefix: Which keys a cache clearing without a pattern of its own may remove.

    Raises:
        ValueError: It is none of the forms there are; the message lists them.
    """
    text = command if isinstance(command, str) else " ".join(command)
    try:
        understood = _understand(kind, command, prefix)
    except ValueError as error:
        forms = " | ".join(FORMS[kind])
        raise ValueError(f"{error}; what can be written for {kind}: {forms}") from None
    if understood is None:
        forms = " | ".join(FORMS[kind])
        raise ValueError(
            f"{shown(text)} is not understood; what can be written for {kind}: {forms}"
        )
    return understood


def _understand(
    kind: CommandType, command: str | tuple[str, ...], prefix: str
) -> Understood | None:
    if isinstance(command, str):
        command = normal_placeholders(command.strip())
        if kind is CommandType.DATABASE and re.match(r"(?i)(select|reconnect)\b", command):
            return sql.understand(command)
        if found := is_shell_syntax(command):
            raise ValueError(f"{found!r} is for a shell, and no shell ever sees this")
        argv = split(command)
    else:
        argv = tuple(normal_placeholders(word) for word in command)
    argv = _unwrapped(argv)
    if not argv:
        return None
    return _addressed(kind, argv, prefix)


def _addressed(kind: CommandType, argv: tuple[str, ...], prefix: str) -> Understood | None:
    """Go by the program where one is named, by the type where none is."""
    match argv:
        case ("docker", "compose", *rest) | ("docker-compose", *rest):
            return compose.understand(tuple(rest))
        case ("docker", *rest):
            return docker.understand(tuple(rest))
        case ("redis-cli" | "valkey-cli", *rest):
            return redis.understand(redis.without_connection(tuple(rest)), prefix)
        case ("psql", *rest):
            statement = sql.statement_of(tuple(rest))
            return None if statement is None else sql.understand(statement)
        case ("kill" | "killall" | "pkill", *_):
            return processes.understand()
        case _:
            pass
    match kind:
        case CommandType.DOCKER:
            return docker.understand(argv)
        case CommandType.DOCKER_COMPOSE:
            return compose.understand(argv)
        case CommandType.REDIS:
            return redis.understand(argv, prefix)
        case CommandType.DATABASE:
            return sql.understand(" ".join(argv))


def _unwrapped(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Take off what only says where or as whom: `sudo`, `docker exec NAME`."""
    if argv[:1] == ("sudo",):
        argv = argv[1:]
    match argv:
        case ("docker", "exec", *rest) | ("docker-compose", "exec", *rest):
            pass
        case ("docker", "compose", "exec", *rest):
            pass
        case _:
            return argv
    while rest and rest[0].startswith("-"):
        takes_value = rest[0] in {"-u", "--user", "-w", "--workdir", "-e", "--env", "--index"}
        rest = rest[2:] if takes_value else rest[1:]
    return tuple(rest[1:])
