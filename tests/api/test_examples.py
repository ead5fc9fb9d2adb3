from __future__ import annotations

from typing import Any

import pytest

from tags.api import api
from tags.api.examples import example_of, resolved

SCHEMAS: dict[str, Any] = {
    "Kind": {"type": "string", "enum": ["forward", "rollback"]},
    "Move": {"properties": {"kind": {"$ref": "#/components/schemas/Kind"}, "id": {"type": "integer", "examples": [4]}}},
}


def test_examples_are_made_of_those_of_the_parts() -> None:
    moves = {"type": "array", "items": {"$ref": "#/components/schemas/Move"}}
    assert example_of(moves, SCHEMAS) == [{"kind": "forward", "id": 4}]


def test_of_several_kinds_the_first_is_shown_and_an_example_goes_first() -> None:
    either = {"anyOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}]}
    assert example_of(either, SCHEMAS) == "forward"
    assert example_of({**either, "example": "rollback"}, SCHEMAS) == "rollback"
    assert resolved(either, SCHEMAS)["type"] == "string"


@pytest.mark.django_db
def test_every_parameter_and_every_answer_of_the_document_has_an_example() -> None:
    document = api.get_openapi_schema()
    for path in document["paths"].values():
        for parameter in path["get"]["parameters"]:
            assert "example" in parameter or "enum" in resolved(parameter["schema"], {}), parameter
            assert parameter["description"]
        for answer in path["get"]["responses"].values():
            assert answer["content"]["application/json"]["example"]


def test_every_field_of_every_answer_is_described_or_shown() -> None:
    for name, schema in api.get_openapi_schema()["components"]["schemas"].items():
        for field, facts in schema.get("properties", {}).items():
            told = {"description", "examples", "example", "$ref"} & facts.keys()
            assert told or field in ("items", "since", "until", "platforms", "labels"), f"{name}.{field}"
