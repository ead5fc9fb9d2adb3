"""What an answer looks like, made from what the OpenAPI document says of its parts."""

from __future__ import annotations

from typing import Any

OF_A_TYPE = {"string": "text", "integer": 1, "boolean": True, "null": None}


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """An example of a value; `schemas` are those that others refer to, by name."""
    schema = resolved(schema, schemas)
    if "examples" in schema:
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: example_of(part, schemas) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    return OF_A_TYPE.get(schema.get("type", "null"))


def resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema that this one refers to, or the first of those to choose from; what it says itself goes first."""
    for choice in ("anyOf", "allOf"):
        if choice in schema:
            return resolved(schema[choice][0], schemas) | {k: v for k, v in schema.items() if k != choice}
    if "$ref" in schema:
        named = resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
        return named | {k: v for k, v in schema.items() if k != "$ref"}
    return schema
