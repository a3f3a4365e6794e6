"""`services.<name>.metrics`: what is measured of a service."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, field_serializer

from healing.names import SignalName
from healing.services import REPLICA, Direction, Signal
from healing.settings import promql
from healing.settings.kinds import Ratio, Text, one_of, read_text
from healing.settings.section import Section
from healing.units import read_number, read_size, shown, write_size


def _read_capacity(value: object) -> float | str:
    """Read a number or a size where it is one, and PromQL otherwise."""
    text = str(value).strip()
    if not text or isinstance(value, bool):
        raise ValueError("must be a number, a size such as 512MiB, or PromQL")
    if not text[0].isdigit() or not text.replace(".", "").isalnum():
        return promql.checked(text)
    number = _read_amount(text)
    if number <= 0:
        raise ValueError(f"must be above 0, not {shown(value)}")
    return number


def _read_amount(value: object) -> float:
    """Read a number, or a size as bytes."""
    text = str(value).strip()
    return float(read_size(text)) if text[-1:].isalpha() else read_number(value)


def _read_deviation(value: object) -> float | None:
    number = None if value is None else _read_amount(value)
    if number is not None and number < 0:
        raise ValueError(f"must be 0 or more, not {shown(value)}")
    return number


def _read_direction(value: object) -> Direction | None:
    return None if value is None else one_of(Direction)(value)


def _read_per_replica(value: object) -> str:
    query = "" if value is None else read_text(value).strip()
    if query and REPLICA not in query:
        raise ValueError(f"must say {REPLICA} where the name of the container goes")
    return promql.checked(query) if query else ""


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

    per_replica: Annotated[str, BeforeValidator(_read_per_replica)] = ""
    """PromQL of one replica, `{replica}` for its container: tells which of them leaks."""

    direction: Annotated[Direction | None, BeforeValidator(_read_direction)] = None
    """Which way it has to stray for an alarm: up, down or both; by default as its name suggests."""
    min_deviation: Annotated[
        float | None,
        BeforeValidator(_read_deviation, json_schema_input_type=float | str | None),
    ] = None
    """How far, in its unit (`0.5`, `16MiB`); by default 1 % of what it is at most, if known."""
    min_relative_deviation: Ratio = 0
    """How far, as a share of what is usual at that time, such as `10%`."""

    @field_serializer("capacity", "min_deviation")
    def _in_units(self, size: float | str | None) -> float | str | None:
        """Write bytes as people do."""
        if self.unit != "bytes" or not isinstance(size, float) or not size.is_integer():
            return size
        return write_size(int(size))

    def signal(self, name: str) -> Signal:
        """Hand it to the domain."""
        return Signal(
            name=SignalName(name),
            query=self.query,
            unit=self.unit,
            capacity=self.capacity,
            per_replica=self.per_replica,
            direction=self.direction,
            min_deviation=self.min_deviation,
            min_relative_deviation=self.min_relative_deviation,
        )


def read_signal(value: object) -> object:
    """Read the short form of a metric: the query alone."""
    return {"query": value} if isinstance(value, str) else value
