"""Contracts are complete, published as they are, and change only so that every reader goes on."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from ingestion.contracts import EVENT_TYPES, TOPICS, Event
from ingestion.contracts.analytics import CartItemAdded
from ingestion.contracts.asyncapi import document
from ingestion.contracts.examples import example_of
from ingestion.contracts.ordering import OrderPlaced
from ingestion.contracts.personal import KINDS, MARK
from ingestion.contracts.releases import NotReleasable, problems, release
from ingestion.contracts.schema import all_schemas, data_schema, meaning, personal_fields

Schema = dict[str, Any]
OF_PEOPLE = ("customer_id", "anonymous_id", "seller_id", "email", "address", "phone", "query", "path", "referrer")


@pytest.mark.parametrize("event_class", EVENT_TYPES.values(), ids=EVENT_TYPES.keys())
def test_every_contract_is_complete(event_class: type[Event]) -> None:
    schema = data_schema(event_class)
    assert len(meaning(event_class)) > 15
    assert schema["x-owner"] == TOPICS[event_class.domain()].owner
    assert event_class.key_field in schema["required"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(example_of(event_class).model_dump(mode="json"), schema)
    marks = {
        name: field[MARK]
        for part in (schema, *schema.get("$defs", {}).values())
        for name, field in part["properties"].items()
    }
    assert set(marks.values()) <= {"none", *KINDS}
    assert [name for name, mark in marks.items() if name.endswith(OF_PEOPLE) and mark == "none"] == []


def test_what_is_declared_is_what_is_released() -> None:
    assert problems() == []


def test_the_personal_fields_of_an_event_are_known() -> None:
    assert personal_fields(data_schema(EVENT_TYPES["analytics.search_performed"])) == {
        "anonymous_id": "identifier",
        "customer_id": "identifier",
        "query": "behaviour",
    }


def changed(change: Callable[[Schema], None], version: int = 2) -> dict[str, Schema]:
    """An order's contract after a change."""
    schema = copy.deepcopy(data_schema(OrderPlaced))
    schema["x-version"] = version
    change(schema)
    return {OrderPlaced.type: schema}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where version 1 of an order is released."""
    release({OrderPlaced.type: data_schema(OrderPlaced)}, tmp_path)
    return tmp_path


def add(schema: Schema) -> None:
    schema["properties"]["gift_note"] = {"type": "string", "default": "", MARK: "none"}


def add_in_lines(schema: Schema) -> None:
    schema["$defs"]["OrderLine"]["properties"]["engraving"] = {"type": "string", "default": "", MARK: "none"}


def need(schema: Schema) -> None:
    add(schema)
    schema["required"].append("gift_note")


def drop(schema: Schema) -> None:
    del schema["properties"]["promotion_code"]


def turn_into_text(schema: Schema) -> None:
    schema["properties"]["total_minor"]["type"] = "string"


def drop_in_lines(schema: Schema) -> None:
    del schema["$defs"]["OrderLine"]["properties"]["quantity"]


def no_longer_need(schema: Schema) -> None:
    schema["required"].remove("currency")


def need_what_could_be_missing(schema: Schema) -> None:
    schema["required"].append("group_id")


def other_key(schema: Schema) -> None:
    schema["x-key"] = "customer_id"


def bound(schema: Schema) -> None:
    schema["properties"]["source"]["maxLength"] = 10


@pytest.mark.parametrize("change", [add, add_in_lines], ids=lambda change: change.__name__)
def test_a_field_that_may_be_missing_makes_a_new_version(change: Callable[[Schema], None], folder: Path) -> None:
    assert problems(changed(change, 1), folder) == [
        "ordering.order_placed: has changed since version 1; make it version 2"
    ]
    assert "is not released" in problems(changed(change), folder)[0]
    assert release(changed(change), folder) == ["ordering.order_placed 2"]
    assert problems(changed(change), folder) == []
    assert release(changed(change), folder) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (need, "gift_note is new and has no default"),
        (drop, "promotion_code is gone"),
        (turn_into_text, "total_minor was type integer, and is type string"),
        (drop_in_lines, "lines[].quantity is gone"),
        (no_longer_need, "currency was always there"),
        (need_what_could_be_missing, "group_id could be missing"),
        (other_key, "the key was order_id"),
        (bound, "source was type string, and is maxLength 10, type string"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_would_break_a_reader_is_refused(change: Callable[[Schema], None], why: str, folder: Path) -> None:
    for version in (1, 2):
        assert any(why in line for line in problems(changed(change, version), folder))
        with pytest.raises(NotReleasable, match="order_placed: "):
            release(changed(change, version), folder)
    assert [path.name for path in folder.iterdir()] == ["ordering.order_placed.v1.json"]


def test_a_release_by_hand_is_held_to_the_same(folder: Path) -> None:
    broken = changed(drop)[OrderPlaced.type]
    (folder / "ordering.order_placed.v2.json").write_bytes(orjson.dumps(broken))
    assert any(
        "version 2 broke readers: promotion_code is gone" in line
        for line in problems({OrderPlaced.type: broken}, folder)
    )


def test_a_released_type_may_not_vanish_and_no_version_be_left_out(folder: Path) -> None:
    assert "has no contract" in problems({}, folder)[0]
    assert problems(changed(lambda _: None, 3), folder) == [
        "ordering.order_placed: is version 3, and the last release is 1"
    ]
    first = data_schema(CartItemAdded) | {"x-version": 2}
    with pytest.raises(NotReleasable, match="the first version is 1"):
        release({CartItemAdded.type: first}, folder)


def test_words_and_marks_may_change_at_any_time(folder: Path) -> None:
    def reword(schema: Schema) -> None:
        schema["description"] = "An order stands."
        schema["properties"]["source"][MARK] = "behaviour"

    assert problems(changed(reword, 1), folder) == []


def test_the_asyncapi_document_is_whole_and_its_examples_fit() -> None:
    whole = document("test.")
    assert set(whole["components"]["messages"]) == set(EVENT_TYPES)
    assert whole["channels"]["ordering"]["address"] == "test.ordering"
    named = {name for channel in whole["channels"].values() for name in channel["messages"]}
    assert named == set(EVENT_TYPES)
    for reference in references(whole):
        target: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    for name, message in whole["components"]["messages"].items():
        root = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **message["payload"],
            "components": whole["components"],
        }
        jsonschema.validate(message["examples"][0]["payload"], root)
        wrong = copy.deepcopy(message["examples"][0]["payload"])
        wrong["data"].pop(all_schemas()[name]["x-key"])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, root)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for key, inner in value.items() for each in ([inner] if key == "$ref" else references(inner))]
    return [each for inner in value for each in references(inner)] if isinstance(value, list) else []


def test_an_event_that_is_declared_elsewhere_is_refused_when_its_producer_starts() -> None:
    fields = {"__module__": "api.domains.catalog.service", "type": "catalog.mood_changed", "key_field": "product_id"}
    with pytest.raises(TypeError, match=r"catalog.mood_changed: an event without a contract: declare it in ingestion"):
        type("MoodChanged", (Event,), fields)
    assert "catalog.mood_changed" not in EVENT_TYPES
