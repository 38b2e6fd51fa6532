"""What fits a contract becomes columns; what does not is refused with the field's name."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from ingestion.contracts.analytics import CartItemAdded
from ingestion.contracts.ordering import OrderPlaced
from ingestion.lake.schemas import arrow_schema
from pipelines.lib.decode import decode

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def raw(*values: str, dataschema: str | None = None) -> pa.Table:
    """Raw rows with these values, in the columns that decoding looks at."""
    count = len(values)
    return pa.table(
        {
            "event_id": [str(uuid4()) for _ in values],
            "occurred_at": pa.array([AT] * count, pa.timestamp("us", "UTC")),
            "dataschema": pa.array([dataschema] * count, pa.string()),
            "value": pa.array(values, pa.string()),
            "kafka_partition": pa.array([0] * count, pa.int32()),
            "kafka_offset": pa.array(range(count), pa.int64()),
            "kafka_timestamp": pa.array([AT] * count, pa.timestamp("us", "UTC")),
            "landed_at": pa.array([AT] * count, pa.timestamp("us", "UTC")),
        }
    )


def added(**changes: Any) -> str:
    data: dict[str, Any] = {
        "anonymous_id": str(uuid4()),
        "customer_id": None,
        "product_id": 7,
        "quantity": 2,
        "recommendation_id": None,
    }
    return json.dumps({"specversion": "1.0", "data": data | changes})


def test_the_contracts_fields_become_columns() -> None:
    decoded = decode(CartItemAdded, arrow_schema(CartItemAdded), raw(added(), added(product_id=8)))
    assert decoded.refused == {}
    assert decoded.rows.schema == arrow_schema(CartItemAdded)
    assert decoded.rows["product_id"].to_pylist() == [7, 8]
    assert decoded.rows["kafka_offset"].to_pylist() == [0, 1]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (added(quantity="2"), "data.quantity"),
        (added(quantity=0), "data.quantity"),
        (added(quantity=2.5), "data.quantity"),
        (added(surprise=1), "data.surprise"),
        (added(anonymous_id="nobody"), "data.anonymous_id"),
        (json.dumps({"data": {"product_id": 7}}), "data.anonymous_id"),
        (json.dumps({"specversion": "1.0"}), "data"),
        ("[1]", "value"),
        ("{", "value"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_and_its_neighbours_stay(value: str, reason: str) -> None:
    decoded = decode(CartItemAdded, arrow_schema(CartItemAdded), raw(added(), value, added(product_id=9)))
    assert list(decoded.refused) == [1]
    assert decoded.refused[1].startswith(reason)
    assert decoded.rows["product_id"].to_pylist() == [7, 9]
    assert decoded.rows["kafka_offset"].to_pylist() == [0, 2]


def order(total: int) -> str:
    line = {
        "line_number": 1,
        "product_id": 1,
        "quantity": 1,
        "unit_price_minor": total,
        "discount_minor": 0,
        "total_minor": total,
    }
    ids = {"order_id": str(uuid4()), "customer_id": str(uuid4()), "recommendation_id": None}
    return json.dumps(
        {"data": ids | {"source": "storefront", "currency": "USD", "total_minor": total, "lines": [line]}}
    )


def test_a_number_that_no_column_holds_is_found_among_many() -> None:
    values = [order(amount) for amount in range(50)]
    values[37] = order(2**63)
    decoded = decode(OrderPlaced, arrow_schema(OrderPlaced), raw(*values))
    assert list(decoded.refused) == [37]
    assert decoded.rows["total_minor"].to_pylist() == [amount for amount in range(50) if amount != 37]
    assert decoded.rows["lines"].to_pylist()[4][0]["unit_price_minor"] == 4


def test_line_breaks_inside_a_record_are_white_space() -> None:
    pretty = json.dumps(json.loads(added(product_id=11)), indent=2)
    decoded = decode(CartItemAdded, arrow_schema(CartItemAdded), raw(added(), pretty, added(product_id=12)))
    assert decoded.refused == {}
    assert decoded.rows["product_id"].to_pylist() == [7, 11, 12]


def test_nothing_to_decode() -> None:
    decoded = decode(CartItemAdded, arrow_schema(CartItemAdded), raw("{}"))
    assert list(decoded.refused) == [0]
    assert decoded.rows.num_rows == 0
    assert decoded.rows.schema == arrow_schema(CartItemAdded)


def test_what_a_newer_version_adds_is_passed_over_at_every_depth() -> None:
    document = json.loads(order(500))
    document["data"]["gift_note"] = "for you"
    document["data"]["lines"][0]["engraving"] = "A."
    values = json.dumps(document), order(700)
    decoded = decode(
        OrderPlaced, arrow_schema(OrderPlaced), raw(*values, dataschema="urn:agora:ordering.order_placed:2")
    )
    assert decoded.refused == {}
    assert decoded.rows.schema == arrow_schema(OrderPlaced)
    assert decoded.rows["total_minor"].to_pylist() == [500, 700]


@pytest.mark.parametrize(
    "dataschema",
    [
        None,
        "urn:agora:ordering.order_placed:1",
        "urn:agora:ordering.order_placed:0",
        "urn:agora:ordering.order_shipped:2",
        "urn:agora:ordering.order_placed:two",
        "urn:agora:ordering.order_placed:²",
    ],
)
def test_a_field_that_nobody_declared_is_refused_where_no_newer_version_says_so(dataschema: str | None) -> None:
    document = json.loads(order(500))
    document["data"]["surprise"] = 1
    decoded = decode(OrderPlaced, arrow_schema(OrderPlaced), raw(json.dumps(document), dataschema=dataschema))
    assert decoded.refused == {0: "data.surprise: Extra inputs are not permitted"}


def test_a_newer_version_still_has_to_hold_what_this_one_needs() -> None:
    document = json.loads(order(500))
    del document["data"]["currency"]
    raw_row = raw(json.dumps(document), dataschema="urn:agora:ordering.order_placed:2")
    assert list(decode(OrderPlaced, arrow_schema(OrderPlaced), raw_row).refused) == [0]


def test_what_an_older_version_does_not_have_is_missing() -> None:
    document = json.loads(order(500))
    del document["data"]["recommendation_id"]
    decoded = decode(OrderPlaced, arrow_schema(OrderPlaced), raw(json.dumps(document)))
    assert decoded.refused == {}
    assert decoded.rows["recommendation_id"].to_pylist() == [None]
