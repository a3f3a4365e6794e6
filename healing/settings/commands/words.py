"""The words that commands are made of."""

import re
import shlex
from dataclasses import dataclass
from datetime import timedelta

from healing.names import InstanceName
from healing.services import ByCompose, ByName, Target
from healing.settings.actions import Action
from healing.units import read_duration, shown

SERVICE = "{service}"
"""Stands for the service in trouble, under whichever name the file knows it."""

_PLACEHOLDER = re.compile(
    r"\{\{\s*(\w+)\s*\}\}|\{\s*(\w+)\s*\}|<(service|service_name|container|container_name)>"
)
_SERVICE_WORDS = frozenset(
    {"service", "service_name", "container", "container_name", "container_id", "name", "target"}
)
_SHELL = re.compile(r"&&|\|\||[;|&<>\n\r\0]")
_EXPANSION = re.compile(r"\$\(|`")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a command asks for."""

    actions: tuple[Action, ...]
    narrowed: str = ""
    """What it becomes and why, when that is less than it asked for; empty when it is the same."""


def normal_placeholders(text: str) -> str:
    """Write every placeholder for the service as `{service}`, the others as `{name}`."""

    def normal(match: re.Match[str]) -> str:
        word = match[1] or match[2] or match[3]
        return SERVICE if word in _SERVICE_WORDS else f"{{{word}}}"

    return _PLACEHOLDER.sub(normal, text)


def is_shell_syntax(text: str) -> str | None:
    """Find what only a shell would understand; None when there is nothing of the kind."""
    found = _EXPANSION.search(text) or _SHELL.search(_QUOTED.sub("", text))
    return found[0] if found else None


def split(text: str) -> tuple[str, ...]:
    """Split into arguments as a shell would, without being one.

    Raises:
        ValueError: A quote is not closed.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"cannot be split into arguments: {error}") from error


def container(word: str) -> Target | None:
    """Read a container's name; None means the service in trouble.

    Raises:
        ValueError: It is no container's name.
    """
    return None if _is_the_service(word) else ByName(InstanceName(_checked(word)))


def compose_service(word: str, project: str | None) -> Target | None:
    """Read a Compose service's name; None means the service in trouble.

    Raises:
        ValueError: It is no service's name.
    """
    return None if _is_the_service(word) else ByCompose(_checked(word), project)


def grace(word: str) -> timedelta:
    """Read the time a container gets to stop by itself.

    Raises:
        ValueError: It is no duration.
    """
    return read_duration(word)


def _is_the_service(word: str) -> bool:
    """Whether `word` holds the placeholder; around it may stand how a stack names things."""
    before, found, after = word.partition(SERVICE)
    return bool(found) and all(
        not part or re.fullmatch(r"[\w.-]+", part) for part in (before, after)
    )


def _checked(word: str) -> str:
    if not _CONTAINER.fullmatch(word):
        raise ValueError(f"{shown(word)} is no name of a container or service")
    return word


@dataclass(frozen=True, slots=True)
class Options:
    """Arguments sorted into options and the rest."""

    values: dict[str, str]
    """What options with a value were given, by name; a flag has an empty value."""
    rest: tuple[str, ...]


def options(argv: tuple[str, ...], *, flags: frozenset[str], values: frozenset[str]) -> Options:
    """Sort arguments into the options a form knows, and the rest.

    Raises:
        ValueError: An option is not known, or lacks its value.
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        name, has_value, value = word.partition("=")
        if not word.startswith("-"):
            rest.append(word)
        elif name in flags and not has_value:
            found[name] = ""
        elif name in values:
            if not has_value:
                value = next(words, "")
            if not value:
                raise ValueError(f"the option {name} lacks its value")
            found[name] = value
        else:
            raise ValueError(f"the option {shown(word)} is not understood")
    return Options(found, tuple(rest))
