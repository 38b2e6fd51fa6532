"""Typed tables to the warehouse: exact, by touched day, and from the lake alone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest

from ingestion.contracts.ordering import OrderPlaced
from ingestion.lake.schemas import arrow_schema
from pipelines.lib import typed, warehouse
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake


def rows(lake: Lake, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        return connection.execute(query).fetchall()


def test_an_order_and_its_lines_arrive_as_they_were_sent(lake: Lake) -> None:
    customer, order_id = uuid4(), uuid4()
    sent = lake.order(DAY, customer, (7, 2, 199), (8, 1, 50), order_id=order_id)
    lake.land(sent)
    refresh_typed_and_warehouse(lake.settings)
    assert rows(
        lake,
        "select event_id, day::text, occurred_at, order_id, customer_id, total_minor, recommendation_id"
        " from lake.ordering_order_placed",
    ) == [(sent["event_id"], "2026-03-01", DAY, str(order_id), str(customer), 448, None)]
    assert rows(
        lake,
        "select event_id, line_number, product_id, quantity, unit_price_minor, total_minor"
        " from lake.ordering_order_placed_lines order by line_number",
    ) == [
        (sent["event_id"], 1, 7, 2, 199, 398),
        (sent["event_id"], 2, 8, 1, 50, 50),
    ]


def test_only_touched_days_are_loaded_again(lake: Lake) -> None:
    lake.land(*(lake.order(DAY + timedelta(days=day), uuid4(), (1, 1, 100)) for day in range(3)))
    refresh_typed_and_warehouse(lake.settings)
    untouched = (
        "select ctid, xmin, event_id from lake.ordering_order_placed where day <> '2026-03-02' order by event_id"
    )
    before = rows(lake, untouched)
    lake.land(lake.order(DAY + timedelta(days=1, hours=3), uuid4(), (1, 2, 100)))
    report = next(r for r in refresh_typed_and_warehouse(lake.settings).warehouse if r.rows)
    assert (report.event_type, report.days) == ("ordering.order_placed", 1)
    assert rows(lake, untouched) == before
    assert rows(lake, "select day::text, count(*) from lake.ordering_order_placed_lines group by 1 order by 1") == [
        ("2026-03-01", 1),
        ("2026-03-02", 2),
        ("2026-03-03", 1),
    ]


def test_touched_days_are_noted_for_the_marts(lake: Lake) -> None:
    lake.land(lake.order(DAY, uuid4(), (1, 1, 100)))
    refresh_typed_and_warehouse(lake.settings)
    assert rows(lake, "select table_name, day::text from lake.touched_days") == [
        ("ordering_order_placed", "2026-03-01")
    ]


def test_nothing_new_changes_nothing(lake: Lake) -> None:
    lake.land(lake.order(DAY, uuid4(), (1, 1, 100)))
    refresh_typed_and_warehouse(lake.settings)
    again = refresh_typed_and_warehouse(lake.settings)
    assert sum(report.rows for report in again.warehouse) == 0
    assert sum(report.read for report in again.typed) == 0


def test_a_dropped_warehouse_is_filled_again_from_the_lake_alone(lake: Lake) -> None:
    for day in range(3):
        lake.land(lake.order(DAY + timedelta(days=day), uuid4(), (1, 1, 100), (2, 3, 40)))
        refresh_typed_and_warehouse(lake.settings)
    queries = (
        "select * from lake.ordering_order_placed order by 1",
        "select * from lake.ordering_order_placed_lines order by 1, 3",
    )
    before = [rows(lake, query) for query in queries]
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        connection.execute("drop schema lake cascade")
    warehouse.load(lake.settings)
    assert [rows(lake, query) for query in queries] == before
    assert len(before[1]) == 6


def test_text_that_postgres_cannot_hold_does_not_stop_the_load(lake: Lake) -> None:
    lake.land(lake.event("analytics.search_performed", DAY, anonymous_id=str(uuid4()), query="a\0b", results=0))
    refresh_typed_and_warehouse(lake.settings)
    assert rows(lake, "select query from lake.analytics_search_performed") == [("a\ufffdb",)]
    assert lake.rows("typed.analytics_search_performed")[0]["query"] == "a\0b"


def test_an_order_without_lines_and_an_empty_increment(lake: Lake) -> None:
    lake.land(lake.order(DAY, uuid4()), lake.order(DAY, uuid4(), (1, 1, 5)))
    refresh_typed_and_warehouse(lake.settings)
    assert rows(lake, "select count(*) from lake.ordering_order_placed") == [(2,)]
    assert rows(lake, "select count(*) from lake.ordering_order_placed_lines") == [(1,)]


def test_a_contract_that_grew_widens_lake_and_warehouse(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    now = arrow_schema(OrderPlaced)
    lines = now.field("lines").type.value_type
    older_lines = pa.struct([field for field in lines if field.name != "discount_minor"])
    older = pa.schema([field.with_type(pa.list_(older_lines)) if field.name == "lines" else field for field in now])
    with monkeypatch.context() as past:
        past.setattr(typed, "arrow_schema", lambda _: older)
        typed.ensure_table(lake.settings, lake.catalog, OrderPlaced)
    lake.land(lake.order(DAY, uuid4(), (1, 1, 100)))
    refresh_typed_and_warehouse(lake.settings)
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        connection.execute("alter table lake.ordering_order_placed drop column recommendation_id")
        connection.execute("alter table lake.ordering_order_placed_lines drop column discount_minor")
    lake.land(lake.order(DAY, uuid4(), (2, 3, 100)))
    refresh_typed_and_warehouse(lake.settings)
    assert rows(lake, "select recommendation_id from lake.ordering_order_placed") == [(None,)] * 2
    query = "select product_id, quantity, discount_minor from lake.ordering_order_placed_lines order by product_id"
    assert rows(lake, query) == [(1, 1, 0), (2, 3, 0)]
