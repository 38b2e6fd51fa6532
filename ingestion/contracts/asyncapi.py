"""The AsyncAPI 3.0 document: every topic, every event, who sends it, and what is in it."""

from typing import Any

from ingestion.contracts.envelope import EVENT_TYPES
from ingestion.contracts.schema import Schema, all_schemas
from ingestion.contracts.topics import TOPICS

VERSION = "1.0.0"


def document(topic_prefix: str = "agora.") -> dict[str, Any]:
    """The whole stream as AsyncAPI 3.0; topics are named as in an environment with this prefix."""
    schemas = all_schemas()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:agora:events",
        "info": {
            "title": "Agora events",
            "version": VERSION,
            "description": "CloudEvents 1.0 in structured mode over Kafka. The key of a record is the subject of its"
            " event: events of one aggregate stay in order. A record may come twice; its `id` is the same then.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic: _channel(topic, topic_prefix) for topic in TOPICS},
        "operations": _operations(),
        "components": {
            "messages": {name: _message(schema) for name, schema in schemas.items()},
            "schemas": {"cloudevent": _envelope()} | {name: _local(name, schema) for name, schema in schemas.items()},
        },
    }


def _channel(topic: str, prefix: str) -> dict[str, Any]:
    return {
        "address": f"{prefix}{topic}",
        "title": TOPICS[topic].owner,
        "summary": TOPICS[topic].summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _types(topic)},
        "bindings": {"kafka": {"topic": f"{prefix}{topic}", "bindingVersion": "0.5.0"}},
        "x-owner": TOPICS[topic].owner,
    }


def _types(topic: str) -> list[str]:
    return sorted(name for name, event_class in EVENT_TYPES.items() if event_class.domain() == topic)


def _operations() -> dict[str, Any]:
    operations = {}
    for topic, about in TOPICS.items():
        channel = {"$ref": f"#/channels/{topic}"}
        sent, read = f"{about.owner} tells what happened.", "Lake, worker and whoever else listens read it."
        operations[f"{topic}.send"] = {"action": "send", "channel": channel, "summary": sent}
        operations[f"{topic}.receive"] = {"action": "receive", "channel": channel, "summary": read}
    return operations


def _message(schema: Schema) -> dict[str, Any]:
    name, data = schema["title"], schema["examples"][0]
    return {
        "name": name,
        "title": name,
        "summary": schema["description"],
        "contentType": "application/cloudevents+json",
        "correlationId": {"location": "$message.payload#/traceid"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/cloudevent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": name},
                        "dataschema": {"const": schema["$id"]},
                        "data": {"$ref": f"#/components/schemas/{name}"},
                    },
                },
            ]
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": schema["x-key"]}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": "one", "payload": _enveloped(schema, data)}],
        "x-owner": schema["x-owner"],
        "x-version": schema["x-version"],
    }


def _enveloped(schema: Schema, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "01890a5d-ac96-774b-bcce-b302099a8059",
        "type": schema["title"],
        "source": f"/agora/{schema['x-topic']}",
        "subject": str(data[schema["x-key"]]),
        "time": "2026-03-01T12:00:00.000000Z",
        "datacontenttype": "application/json",
        "dataschema": schema["$id"],
        "data": data,
    }


def _envelope() -> Schema:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "description": "CloudEvents 1.0, structured mode.",
        "required": ["specversion", "id", "type", "source", "subject", "time", "dataschema", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid", "description": "The same each time that the event is sent."},
            "type": text,
            "source": text,
            "subject": {**text, "description": "The aggregate's id, and the key of the record."},
            "time": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
            "datacontenttype": {"const": "application/json"},
            "dataschema": {**text, "description": "Type and version: urn:agora:<type>:<version>."},
            "traceid": {"type": "string", "description": "The trace of the request that this came of."},
            "data": {"type": "object"},
        },
    }


def _local(name: str, schema: Schema) -> Schema:
    """A schema as a component: its own definitions are found from the document's root."""
    base = f"#/components/schemas/{name}/$defs/"
    return {key: _pointed(value, base) for key, value in schema.items() if key not in {"$schema", "$id"}}


def _pointed(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {
            key: base + str(inner).rpartition("/")[2] if key == "$ref" else _pointed(inner, base)
            for key, inner in value.items()
        }
    return [_pointed(each, base) for each in value] if isinstance(value, list) else value
