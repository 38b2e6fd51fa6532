"""Contracts as JSON Schema 2020-12: what is published, and what a change is held against."""

from typing import Any

from ingestion.contracts.envelope import EVENT_TYPES, Event
from ingestion.contracts.examples import example_of
from ingestion.contracts.personal import MARK
from ingestion.contracts.topics import TOPICS

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def data_schema(event_class: type[Event]) -> Schema:
    """The data of an event with its owner, its meaning, an example, and for every field whether it is personal.

    Unknown fields are not forbidden here: a newer version may have some, and a reader passes over them.
    """
    schema = event_class.model_json_schema()
    for model in (schema, *schema.get("$defs", {}).values()):
        _mark(model)
    return {
        "$schema": DIALECT,
        "$id": event_class.schema_urn(),
        "title": event_class.type,
        "description": meaning(event_class),
        "x-version": event_class.version,
        "x-owner": TOPICS[event_class.domain()].owner,
        "x-topic": event_class.domain(),
        "x-key": event_class.key_field,
        **{name: schema[name] for name in ("type", "properties", "required", "$defs") if name in schema},
        "examples": [example_of(event_class).model_dump(mode="json")],
    }


def all_schemas() -> dict[str, Schema]:
    """Every event type's schema by its name, in alphabetical order."""
    return {name: data_schema(EVENT_TYPES[name]) for name in sorted(EVENT_TYPES)}


def meaning(event_class: type[Event]) -> str:
    """What an event says, in one paragraph."""
    return " ".join((event_class.__doc__ or "").split())


def personal_fields(schema: Schema) -> dict[str, str]:
    """Field → kind, for the fields of a published schema that tell about a person; nested ones by their path."""
    found = {}
    for prefix, model in {"": schema, **{f"{name}.": model for name, model in schema.get("$defs", {}).items()}}.items():
        for name, field in model["properties"].items():
            if field[MARK] != "none":
                found[prefix + name] = field[MARK]
    return found


def _mark(model: Schema) -> None:
    """Each field says at its top whether it is personal; titles that only repeat the names go."""
    model.pop("additionalProperties", None)
    for field in model.get("properties", {}).values():
        field.pop("title", None)
        choices = (field, *field.get("anyOf", ()))
        mark = next((choice.pop(MARK) for choice in choices if MARK in choice), "none")
        field[MARK] = mark
