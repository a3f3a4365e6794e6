"""What is wrong with a configuration, one line each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from healing.settings.document import KeyPath
from healing.settings.keys import suggestion
from healing.settings.secrets import masked
from healing.settings.section import Section
from healing.settings.tree import Place
from healing.units import one_line, shown


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where."""

    place: Place
    path: KeyPath
    what: str

    def __str__(self) -> str:
        """Write it in one line: place, key path, what is wrong."""
        path = dotted(self.path)
        where = f"{self.place}: {path}" if path else str(self.place)
        return one_line(masked(f"{where}: {self.what}"))


def dotted(path: KeyPath) -> str:
    """Write a key path as `services.api.probes[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def translate(
    error: ValidationError, model: type[Section], places: Mapping[KeyPath, Place]
) -> list[Fault]:
    """Put pydantic's errors into our words, each with the place its value was written at."""
    return [_fault(detail, model, places) for detail in error.errors(include_url=False)]


def placed(path: KeyPath, places: Mapping[KeyPath, Place]) -> Place:
    """Find where a path was written, or the nearest section around it."""
    for end in range(len(path), -1, -1):
        if (place := places.get(path[:end])) is not None:
            return place
    return Place("defaults")


def _fault(detail: ErrorDetails, model: type[Section], places: Mapping[KeyPath, Place]) -> Fault:
    location = detail["loc"]
    is_name = location[-1:] == ("[key]",)
    path = tuple(location[:-1] if is_name else location)
    return Fault(placed(path, places), path, _words(detail, model, path))


def _words(detail: ErrorDetails, model: type[Section], path: KeyPath) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "extra_forbidden":
            return f"no such key{suggestion(model, path)}"
        case "missing":
            return "must be given"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {shown(detail['input'])}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {shown(detail['input'])}"
        case "model_type" | "model_attributes_type" | "mapping_type" | "dict_type":
            return "must be a mapping with keys of its own"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case _:
            return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def sorted_lines(faults: Iterable[Fault]) -> tuple[str, ...]:
    """Write faults in the order of the file, each once."""
    ordered = sorted(faults, key=lambda fault: (fault.place.source, fault.place.line or 0))
    return tuple(dict.fromkeys(str(fault) for fault in ordered))
