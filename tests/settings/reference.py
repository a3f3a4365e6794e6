"""The tables of keys in `docs/configuration.md`, as the model says them."""

from datetime import timedelta
from enum import Enum

from pydantic_core import PydanticUndefined

from healing.settings.keys import Key, keys
from healing.settings.sections.limits import Budget, write_budget
from healing.settings.tree import Settings
from healing.units import write_duration

_INHERITED = {
    "services.<name>.limits.": "safety.limits",
    "circuit_breakers.services.<name>.": "circuit_breakers.default",
}


def tables() -> dict[str, str]:
    """Write one Markdown table for each section, by its name."""
    result: dict[str, str] = {}
    for key in keys(Settings):
        if key.is_section:
            continue
        section = key.path.split(".")[0]
        head = "| key | default | meaning |\n| --- | --- | --- |\n"
        result.setdefault(section, head)
        result[section] += f"| `{key.path}` | {_default(key)} | {key.meaning} |\n"
    return result


def _default(key: Key) -> str:
    for path, inherited in _INHERITED.items():
        if key.path.startswith(path):
            return f"as in `{inherited}`"
    value = key.field.get_default(call_default_factory=True)
    match value:
        case _ if value is PydanticUndefined:
            return "required"
        case None | "" | () | {}:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{write_duration(value)}`"
        case Budget():
            return f"`{write_budget(value)}`"
        case Enum():
            return f"`{value.value}`"
        case _:
            return f"`{value}`"
