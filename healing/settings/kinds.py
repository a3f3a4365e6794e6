"""The kinds of values that sections are made of, each read from what stood in the file."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SecretStr,
    WithJsonSchema,
)

from healing import units
from healing.settings.document import Scalar
from healing.settings.nearest import did_you_mean

FROM_ENVIRONMENT = {"type": "string", "pattern": r"\$\{\w+(:-[^{}]*)?\}"}
"""JSON schema of a value that stands in a variable: its type is known only when it is filled in."""

_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)


def read_bool(value: object) -> bool:
    """Read a yes or a no.

    Raises:
        ValueError: It is neither.
    """
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    hint = did_you_mean(word, ("true", "false"))
    raise ValueError(f"must be true or false, not {units.shown(value)}{hint}")


def read_text(value: object) -> str:
    """Read text as it stands; a number is the text it was written as.

    Raises:
        ValueError: It is a list or a mapping.
    """
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    raise ValueError("must be text")


def read_name(value: object) -> str:
    """Read a name that is safe in addresses, labels and keys.

    Raises:
        ValueError: It has other characters.
    """
    name = read_text(value)
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{units.shown(name)} is no name: use letters, digits, '-', '_' and '.', up to 128"
        )
    return name


def read_json(value: object) -> Any:
    """Give a value its JSON type; `Any` because that is what it is."""
    if isinstance(value, Scalar):
        return value.typed
    if isinstance(value, Mapping):
        return {str(k): read_json(v) for k, v in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [read_json(item) for item in cast("Iterable[object]", value)]
    return value


def read_argv(value: object) -> tuple[str, ...]:
    """Split a command into its arguments; a list is taken as it is.

    Raises:
        ValueError: It is empty, or a quote is not closed.
    """
    if isinstance(value, list | tuple):
        argv = tuple(read_text(item) for item in cast("Iterable[object]", value))
    else:
        try:
            argv = tuple(shlex.split(read_text(value)))
        except ValueError as error:
            raise ValueError(f"cannot be split into arguments: {error}") from error
    if not argv or not argv[0]:
        raise ValueError("must name a program")
    if any("\0" in argument for argument in argv):
        raise ValueError("must not contain a NUL character")
    return argv


def one_or_many(value: object) -> object:
    """Take a single entry for a list of one."""
    if isinstance(value, list | tuple) or value is None:
        return cast("object", value)
    return [value]


def read_names(value: object) -> object:
    """Read names from one word, a list of words or of `{name: ...}`, or the keys of a mapping."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Mapping):
        return list(cast("Mapping[object, object]", value))
    if isinstance(value, list | tuple):
        return [_name_in(item) for item in cast("Iterable[object]", value)]
    return value


def _name_in(item: object) -> object:
    if isinstance(item, Mapping):
        entry = cast("Mapping[object, object]", item)
        if set(entry) == {"name"}:
            return entry["name"]
        raise ValueError("an entry must be a name, or a mapping with `name` alone")
    return item


Word = TypeVar("Word", bound=StrEnum)


def one_of(words: type[Word]) -> Callable[[object], Word]:
    """Give a reader of one of `words`; case, `-`, `_` and spaces make no difference."""

    def plain(text: str) -> str:
        return re.sub(r"[\s_-]", "", text).lower()

    known = {plain(word): word for word in words}

    def read(value: object) -> Word:
        found = known.get(plain(str(value)))
        if found is None:
            hint = did_you_mean(str(value), tuple(words))
            choices = ", ".join(words)
            raise ValueError(f"must be one of {choices}, not {units.shown(value)}{hint}")
        return found

    return read


def _address(schemes: tuple[str, ...]) -> Callable[[object], str]:
    """Give a reader of an address with one of `schemes`. Its messages never show the address."""

    def read(value: object) -> str:
        text = read_text(value).strip()
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"is no address: {error}") from error
        if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/")):
            begins = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"must be an address that begins with {begins}")
        if parts.scheme in {"http", "https"} and not parts.hostname:
            raise ValueError("must be an address with a host")
        return text

    return read


def _schema(**schema: object) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, FROM_ENVIRONMENT]})


_DURATION_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^\s*[0-9]|\$\{"},
        ]
    }
)
_WRITE_DURATION = PlainSerializer(units.write_duration, return_type=str)

Text: TypeAlias = Annotated[str, BeforeValidator(read_text), WithJsonSchema({"type": "string"})]
Secret: TypeAlias = Annotated[
    SecretStr, BeforeValidator(read_text), WithJsonSchema({"type": "string"})
]
Name: TypeAlias = Annotated[
    str, BeforeValidator(read_name), WithJsonSchema({"type": "string", "minLength": 1})
]
Names: TypeAlias = Annotated[
    tuple[Name, ...],
    BeforeValidator(read_names),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"type": "string"},
                            {
                                "type": "object",
                                "properties": {"name": {"type": "string"}},
                                "required": ["name"],
                                "additionalProperties": False,
                            },
                        ]
                    },
                },
                {"type": "object"},
            ]
        }
    ),
]
Flag: TypeAlias = Annotated[bool, BeforeValidator(read_bool), _schema(type="boolean")]
Count: TypeAlias = Annotated[
    int, BeforeValidator(units.read_whole), Field(ge=1), _schema(type="integer", minimum=1)
]
Port: TypeAlias = Annotated[
    int,
    BeforeValidator(units.read_whole),
    Field(ge=1, le=65535),
    _schema(type="integer", minimum=1, maximum=65535),
]
Amount: TypeAlias = Annotated[
    float, BeforeValidator(units.read_number), Field(ge=0), _schema(type="number", minimum=0)
]
Ratio: TypeAlias = Annotated[
    float,
    BeforeValidator(units.read_ratio),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}),
]
Share: TypeAlias = Annotated[
    float,
    BeforeValidator(units.read_share),
    PlainSerializer(units.write_share, return_type=str),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, {"type": "string"}]}
    ),
]
Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(units.read_some_time),
    _WRITE_DURATION,
    _DURATION_SCHEMA,
]
Pause: TypeAlias = Annotated[
    timedelta, BeforeValidator(units.read_duration), _WRITE_DURATION, _DURATION_SCHEMA
]
"""A duration that may be zero."""
Json: TypeAlias = Annotated[Any, BeforeValidator(read_json)]
HttpAddress: TypeAlias = Annotated[str, BeforeValidator(_address(("http", "https")))]
RedisAddress: TypeAlias = Annotated[
    str, BeforeValidator(_address(("redis", "rediss", "unix", "valkey", "valkeys")))
]
DockerAddress: TypeAlias = Annotated[
    str, BeforeValidator(_address(("unix", "tcp", "http", "https", "processes")))
]
