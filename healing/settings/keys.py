"""Every key there is, found by walking the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from healing.settings.document import KeyPath
from healing.settings.nearest import nearest
from healing.settings.section import Section


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration."""

    path: str
    """With `<name>` where the operator names things, and `[]` for each entry of a list."""
    meaning: str
    field: FieldInfo
    is_section: bool
    """Whether further keys stand below it."""


def keys(model: type[Section], before: str = "") -> Iterator[Key]:
    """List every key of a model, in the order of its fields, each section before its own keys."""
    for name, field in model.model_fields.items():
        path = f"{before}{name}"
        inner, step = _inside(field.annotation)
        yield Key(path, " ".join((field.description or "").split()), field, inner is not None)
        if inner is not None:
            yield from keys(inner, f"{path}{step}.")


def section_at(model: type[Section], path: KeyPath) -> type[Section] | None:
    """Find the model of the section that a path leads to; None when it leads elsewhere."""
    section: type[Section] | None = model
    steps = iter(path)
    for step in steps:
        field = section.model_fields.get(str(step)) if section else None
        if field is None:
            return None
        section, nested = _inside(field.annotation)
        if nested and next(steps, None) is None:
            return None
    return section


def suggestion(model: type[Section], path: KeyPath) -> str:
    """Say what a key that does not exist was probably meant to be, as the end of a sentence."""
    wrong = str(path[-1])
    section = section_at(model, path[:-1])
    if section and (found := nearest(wrong, section.model_fields)):
        return f"; did you mean '{found}'?"
    homes = [key.path.rpartition(".")[0] for key in keys(model) if key.path.split(".")[-1] == wrong]
    if homes:
        near = [home for home in homes if home.split(".")[0] == path[0]]
        return f"; it belongs under {(near or homes)[0] or 'the top'}"
    known = ", ".join(section.model_fields) if section else ""
    return f"; there are {known}" if known else ""


def _inside(annotation: Any) -> tuple[type[Section] | None, str]:
    """Find the section inside an annotation, and how its place is written: `.<name>`, `[]`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inside(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, ""
    if origin in {Union, UnionType}:
        found = [_inside(argument) for argument in arguments]
        return next((pair for pair in found if pair[0] is not None), (None, ""))
    if origin is tuple and arguments:
        return _inside(arguments[0])[0], "[]"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _inside(arguments[1])[0], ".<name>"
    return None, ""
