"""What all sections of the file have in common."""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A mapping of known keys; a key without a value is as if it did not stand there."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: object) -> object:
        if data is None:
            return {}
        if isinstance(data, Mapping):
            entries = cast("Mapping[object, object]", data)
            return {k: v for k, v in entries.items() if v is not None or k not in cls.model_fields}
        return data


class Switchable(Section):
    """A section that can be written as `true` or `false` instead."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, data: object) -> object:
        if isinstance(data, bool | str):
            return {"enabled": data}
        return data
