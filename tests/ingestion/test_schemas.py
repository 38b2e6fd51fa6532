"""Typed columns follow the contracts."""

import pyarrow as pa
import pytest

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.contracts.ordering import OrderPlaced
from ingestion.contracts.recommendations import RecommendationServed
from ingestion.lake.schemas import arrow_schema


@pytest.mark.parametrize("event_class", EVENT_TYPES.values(), ids=EVENT_TYPES.keys())
def test_every_contract_has_columns(event_class: type[Event]) -> None:
    fields = tuple(event_class.model_fields)
    expected = ["event_id", "occurred_at", *fields, "kafka_partition", "kafka_offset", "landed_at"]
    assert arrow_schema(event_class).names == expected


def test_nested_models_are_lists_of_structs() -> None:
    lines = arrow_schema(OrderPlaced).field("lines").type
    assert pa.types.is_list(lines)
    assert [field.name for field in lines.value_type][:3] == ["line_number", "product_id", "quantity"]
    items = arrow_schema(RecommendationServed).field("items").type.value_type
    assert items.field("score").type == pa.float64()
    assert items.field("reason").type == pa.string()


def test_optional_and_constrained_fields_keep_their_plain_type() -> None:
    schema = arrow_schema(EVENT_TYPES["analytics.product_viewed"])
    assert schema.field("product_id").type == pa.int64()
    assert schema.field("customer_id").type == pa.string()
    assert schema.field("occurred_at").type == pa.timestamp("us", "UTC")
