"""Settings as YAML again, with secrets masked and each value's origin beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import yaml

from healing.settings.document import KeyPath
from healing.settings.secrets import MASK, masked
from healing.settings.tree import Settings

_WIDTH = 1_000_000


def show(settings: Settings, *, resolved: bool) -> str:
    """Write settings as YAML.

    Args:
        settings: What to write.
        resolved: Every key with its origin, and filled in what services and breakers take from
            their defaults; otherwise only what was written in the file or the environment.
    """
    whole = settings.resolved() if resolved else settings
    tree = whole.model_dump(mode="json", exclude_unset=not resolved)
    if resolved:
        tree["services"] = _without_nulls(tree["services"])
    else:
        tree = _without_nulls(tree)
    lines = _mapping(_hidden(tree), (), settings if resolved else None)
    return "".join(f"{line}\n" for line in lines)


def _without_nulls(value: Any) -> Any:
    """Leave out keys without a value: of the ways to find or ask a service, all but one."""
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        return {key: _without_nulls(below) for key, below in tree.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast("list[Any]", value)]
    return value


def _hidden(value: Any) -> Any:
    """Mask what is secret: pydantic hides whole secrets, and passwords hide inside text."""
    if isinstance(value, dict):
        return {key: _hidden(below) for key, below in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return _hidden_list(cast("list[Any]", value))
    if isinstance(value, str):
        return MASK if value.strip("*") == "" and value else masked(value)
    return value


def _hidden_list(values: Sequence[Any]) -> list[Any]:
    """Mask a list; the argument after `-a` or `--password` is secret too."""
    hidden: list[Any] = []
    for before, value in zip((None, *values), values, strict=False):
        follows_option = isinstance(before, str) and masked(f"{before} x") != f"{before} x"
        hidden.append(MASK if follows_option else _hidden(value))
    return hidden


def _mapping(tree: Mapping[str, Any], path: KeyPath, origins: Settings | None) -> Iterator[str]:
    """Write a mapping in block style, each value with its origin where `origins` knows them."""
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        name = f"{indent}{_flow(key)}:"
        origin = f"  # {origins.origin(here)}" if origins else ""
        if isinstance(value, dict) and value:
            yield name
            yield from _mapping(cast("dict[str, Any]", value), here, origins)
        elif isinstance(value, list) and any(isinstance(i, dict) for i in cast("list[Any]", value)):
            yield f"{name}{origin}"
            yield from (f"{indent}  - {_flow(item)}" for item in cast("list[Any]", value))
        else:
            yield f"{name} {_flow(value)}{origin}"


def _flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = yaml.safe_dump(
        value, default_flow_style=True, width=_WIDTH, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")
