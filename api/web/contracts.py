"""What the events of Agora look like: pages for people, AsyncAPI and JSON Schema for programs."""

from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import Path, Request, Response

from api.core.access import open_to_all
from api.core.errors import NotFound
from api.core.rendering import render
from api.core.routing import Router
from api.core.settings import get_settings
from ingestion.contracts import asyncapi, releases
from ingestion.contracts.personal import KINDS, MARK
from ingestion.contracts.schema import Schema, all_schemas
from ingestion.contracts.topics import TOPICS

router = Router(include_in_schema=False)

CACHE = {"cache-control": "public, max-age=3600"}
EventType = Annotated[str, Path(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]


@router.get("/asyncapi.json")
@open_to_all
async def show_document() -> Response:
    """The whole stream as AsyncAPI 3.0."""
    return _json(_document(get_settings().kafka_topic_prefix))


@router.get("/schemas/{event_type}/{version}.json")
@open_to_all
async def show_schema(event_type: EventType, version: Annotated[int, Path(ge=1, lt=10_000)]) -> Response:
    """One released version of one event as JSON Schema 2020-12; it never changes."""
    for schema in _released().get(event_type, ()):
        if schema["x-version"] == version:
            return _json(orjson.dumps(schema, option=orjson.OPT_INDENT_2))
    raise NotFound


@router.get("/docs/events")
@open_to_all
async def show_events(request: Request) -> Response:
    """Every event by its topic."""
    by_topic: dict[str, list[Schema]] = {topic: [] for topic in TOPICS}
    for schema in _schemas().values():
        by_topic[schema["x-topic"]].append(schema)
    return render(request, "events.html", topics=TOPICS, by_topic=by_topic)


@router.get("/docs/events/{event_type}")
@open_to_all
async def show_event(request: Request, event_type: EventType) -> Response:
    """One event: its fields, which of them are personal, an example, its versions."""
    schema = _schemas().get(event_type)
    if schema is None:
        raise NotFound
    parts = {"": schema, **schema.get("$defs", {})}
    return render(
        request,
        "event.html",
        schema=schema,
        parts=[(name, part, [_field(part, field) for field in part["properties"]]) for name, part in parts.items()],
        kinds=KINDS,
        versions=[each["x-version"] for each in _released().get(event_type, ())],
        example=orjson.dumps(schema["examples"][0], option=orjson.OPT_INDENT_2).decode(),
    )


def _field(part: Schema, name: str) -> dict[str, Any]:
    """One row of the table of fields."""
    field = part["properties"][name]
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    return {
        "name": name,
        "type": " or ".join(_type(choice) for choice in choices),
        "personal": field[MARK],
        "may_be_missing": name not in part.get("required", ()),
        "default": field.get("default"),
    }


def _type(field: Schema) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    return str(field.get("format", field.get("type", "anything")))


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json", headers=CACHE)


@cache
def _document(topic_prefix: str) -> bytes:
    return orjson.dumps(asyncapi.document(topic_prefix), option=orjson.OPT_INDENT_2)


@cache
def _schemas() -> dict[str, Schema]:
    return all_schemas()


@cache
def _released() -> dict[str, list[Schema]]:
    return releases.released()
