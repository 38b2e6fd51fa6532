"""Whatever a request brings has an end: each text, number, list and object that the manual lets in."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

UNION = ("anyOf", "oneOf", "allOf")
FIXED = frozenset({"uuid", "date", "date-time", "binary"})
# What an event says is held to its own contract, and a batch of them to a number of bytes.
ELSEWHERE = frozenset({"post /v1/events.events[].data"})


class Manual:
    """The schemas of one OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]

    def endless(self, schema: dict[str, Any], where: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Places within a schema that have no bound."""
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in seen:
            return
        schema, seen = (self._schemas[name], seen | {name}) if name else (schema, seen)
        for part in (part for kind in UNION for part in schema.get(kind, ())):
            yield from self.endless(part, where, seen)
        if _has_no_end(schema):
            yield where
        if "items" in schema:
            yield from self.endless(schema["items"], f"{where}[]", seen)
        for key, value in schema.get("properties", {}).items():
            yield from self.endless(value, f"{where}.{key}", seen)


def _has_no_end(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    if kind == "string":
        return not ({"maxLength", "enum", "const", "pattern"} & schema.keys() or schema.get("format") in FIXED)
    if kind == "integer":
        has_most = {"maximum", "exclusiveMaximum", "enum"} & schema.keys()
        return not (has_most and {"minimum", "exclusiveMinimum", "enum"} & schema.keys())
    if kind == "array":
        return not {"maxItems", "prefixItems"} & schema.keys()
    return bool(kind == "object" and schema.get("additionalProperties") and "maxProperties" not in schema)


@pytest.fixture(scope="module")
def inputs(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    """(where, schema) of every parameter and body."""
    found = []
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            name = f"{method} {path}"
            found += [(f"{name}?{each['name']}", each["schema"]) for each in operation.get("parameters", ())]
            bodies = operation.get("requestBody", {}).get("content", {}).values()
            found += [(name, body["schema"]) for body in bodies if "schema" in body]
    return found


def test_everything_that_comes_in_has_an_end(app: FastAPI, inputs: list[tuple[str, dict[str, Any]]]) -> None:
    manual = Manual(app.openapi())
    assert len(inputs) > 150
    endless = {place for where, schema in inputs for place in manual.endless(schema, where)}
    assert endless == ELSEWHERE


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": "array", "items": {"type": "boolean"}},
        {"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ],
)
def test_what_has_no_end_is_found(app: FastAPI, schema: dict[str, Any]) -> None:
    assert list(Manual(app.openapi()).endless(schema, "here")) == ["here"]
