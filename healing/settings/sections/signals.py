"""`services.<name>.metrics`: what is measured of a service."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, field_serializer

from healing.names import SignalName
from healing.services import Signal
from healing.settings import promql
from healing.settings.kinds import Text, read_text
from healing.settings.section import Section
from healing.units import read_number, read_size, shown, write_size


def _read_capacity(value: object) -> float | str:
    """Read a number or a size where it is one, and PromQL otherwise."""
    text = str(value).strip()
    if not text or isinstance(value, bool):
        raise ValueError("must be a number, a size such as 512MiB, or PromQL")
    if not text[0].isdigit() or not text.replace(".", "").isalnum():
        return promql.checked(text)
    number = read_number(text) if text[-1].isdigit() else float(read_size(text))
    if number <= 0:
        raise ValueError(f"must be above 0, not {shown(value)}")
    return number


PromQL: TypeAlias = Annotated[
    str, BeforeValidator(lambda value: promql.checked(read_text(value).strip()))
]


class SignalSettings(Section):
    """One measured quantity of a service."""

    query: PromQL
    """PromQL that gives one series."""
    unit: Text = ""
    """What it is measured in: bytes, seconds, ratio, ..."""
    capacity: Annotated[
        float | str | None,
        BeforeValidator(_read_capacity, json_schema_input_type=float | str | None),
    ] = None
    """Where it is full: a number, a size such as `512MiB`, or PromQL; nothing if it cannot be."""

    @field_serializer("capacity")
    def _in_units(self, capacity: float | str | None) -> float | str | None:
        """Write bytes as people do."""
        if self.unit != "bytes" or not isinstance(capacity, float) or not capacity.is_integer():
            return capacity
        return write_size(int(capacity))

    def signal(self, name: str) -> Signal:
        """Hand it to the domain."""
        return Signal(
            name=SignalName(name), query=self.query, unit=self.unit, capacity=self.capacity
        )


def read_signal(value: object) -> object:
    """Read the short form of a metric: the query alone."""
    return {"query": value} if isinstance(value, str) else value
