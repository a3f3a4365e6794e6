"""The JSON schema that editors complete and check the file with."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from healing.settings.kinds import FROM_ENVIRONMENT
from healing.settings.section import Switchable
from healing.settings.sections.limits import Budget, write_budget
from healing.settings.tree import Settings
from healing.units import write_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Writes what stands in a file: enums also from variables, switches also as true or false."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 -- a key is its own title
        return False

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        words = [str(member.value) for member in schema["members"]]
        return {"anyOf": [{"type": "string", "enum": words}, FROM_ENVIRONMENT]}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        written = super().model_schema(schema)
        if issubclass(schema["cls"], Switchable):
            meaning = written.pop("description", "")
            forms = [written, {"type": "boolean"}, FROM_ENVIRONMENT]
            return {"description": meaning, "anyOf": forms}
        return written

    def encode_default(self, dft: object) -> object:
        """Write a default as it would be written in the file."""
        match dft:
            case timedelta():
                return write_duration(dft)
            case Budget():
                return write_budget(dft)
            case _:
                return super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        # A section's default is an empty one: its keys say theirs.
        if written.get("default") in ({}, None):
            written.pop("default", None)
        return written


def json_schema() -> dict[str, Any]:
    """Describe the whole file."""
    schema = Settings.model_json_schema(schema_generator=_Generator)
    definitions: dict[str, Any] = schema.pop("$defs")
    for section in (schema, *definitions.values()):
        _describe_sections(section, definitions)
    return {
        "$schema": DIALECT,
        **schema,
        "title": "self-healing-config.yaml",
        "patternProperties": {"^x-": True},
        "$defs": definitions,
    }


def _describe_sections(section: dict[str, Any], definitions: Mapping[str, Any]) -> None:
    """Give each key that is a section the section's description: editors show the key's own."""
    for form in (section, *section.get("anyOf", ())):
        form.pop("title", None)
        for key in form.get("properties", {}).values():
            if "$ref" in key and "description" not in key:
                name = key["$ref"].rpartition("/")[2]
                key["description"] = definitions[name]["description"]
