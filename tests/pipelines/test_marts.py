"""dbt on real events: figures, and increments that come out as a full rebuild does."""

from datetime import timedelta
from subprocess import CalledProcessError
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pipelines.lib.marts import build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

HOUR = timedelta(hours=1)
MARTS = (
    *("dim_customers", "dim_products", "fct_orders", "fct_order_lines", "fct_sessions"),
    *("mart_daily_sales", "mart_funnel", "mart_product_sales", "mart_customers_weekly"),
)
DAILY_SALES = """
select day::text, orders, units, revenue_minor, customers, new_customers from marts.mart_daily_sales order by day
"""

pytestmark = pytest.mark.timeout(240)


def query(lake: Lake, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        return connection.execute(statement).fetchall()


def contents(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {name: query(lake, f"select * from marts.{name} as t order by t::text") for name in MARTS}  # noqa: S608


def browse(lake: Lake, kind: str, visitor: UUID, at: timedelta, **data: Any) -> dict[str, Any]:
    return lake.event(f"analytics.{kind}", DAY + at, anonymous_id=str(visitor), **data)


def test_increments_equal_a_full_rebuild_and_late_events_move_what_they_should(lake: Lake) -> None:
    ann, bob, visitor = uuid4(), uuid4(), uuid4()
    first = uuid4()
    lake.land(
        lake.event("identity.customer_registered", DAY, customer_id=str(ann), source="storefront"),
        lake.event(
            "catalog.product_published",
            DAY,
            product_id=7,
            sku="S7",
            title="Tea",
            department="GROCERY",
            category="HOT DRINKS",
            product_type="TEA",
            brand="National",
            price_minor=199,
            currency="USD",
        ),
        lake.order(DAY + 24 * HOUR, ann, (7, 2, 199), order_id=first),
        lake.order(DAY + 48 * HOUR, bob, (7, 1, 199), (8, 3, 100)),
        browse(lake, "page_viewed", visitor, 23.8 * HOUR, path="/"),
        browse(lake, "product_viewed", visitor, 24.6 * HOUR, product_id=7),
    )
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings, unit_tests=True)
    assert query(lake, DAILY_SALES) == [("2026-03-02", 1, 2, 398, 1, 1), ("2026-03-03", 1, 4, 499, 1, 1)]
    assert query(lake, "select customer_id, is_inferred from marts.dim_customers order by is_inferred") == [
        (str(ann), False),
        (str(bob), True),
    ]
    assert query(lake, "select product_id, title, is_inferred from marts.dim_products order by 1") == [
        (7, "Tea", False),
        (8, "Product 8", True),
    ]
    assert query(lake, "select day::text, sessions, viewed from marts.mart_funnel order by day") == [
        ("2026-03-01", 1, 0),
        ("2026-03-02", 1, 1),
    ]
    assert query(lake, "select count(*) from lake.touched_days") == [(0,)]

    lake.land(
        lake.event(
            "ordering.order_cancelled", DAY + 96 * HOUR, order_id=str(first), customer_id=str(ann), reason="changed"
        ),
        lake.order(DAY + HOUR, bob, (8, 1, 100)),
        # Joins both sessions across midnight.
        browse(lake, "search_performed", visitor, 24.2 * HOUR, query="tea", results=1, customer_id=str(bob)),
        lake.order(DAY + 24.3 * HOUR, bob, (7, 1, 199)),
    )
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    assert query(lake, DAILY_SALES) == [
        ("2026-03-01", 1, 1, 100, 1, 1),
        ("2026-03-02", 1, 1, 199, 2, 1),
        ("2026-03-03", 1, 4, 499, 1, 0),
    ]
    assert query(lake, "select day::text, sessions, viewed, ordered from marts.mart_funnel") == [
        ("2026-03-01", 1, 1, 1)
    ]
    incremental = contents(lake)
    build_marts(lake.settings, full_refresh=True)
    assert contents(lake) == incremental


def test_only_touched_days_are_rebuilt_and_a_build_that_fails_forgets_none(lake: Lake) -> None:
    lake.land(*(lake.order(DAY + 24 * HOUR * day, uuid4(), (7, 1, 100)) for day in range(3)))
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    untouched = "select order_id, xmin, ctid from marts.fct_order_lines where order_day <> '2026-03-02' order by 1"
    before = query(lake, untouched)
    lake.land(lake.order(DAY + 25 * HOUR, uuid4(), (7, 1, 100)))
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    assert query(lake, untouched) == before
    assert query(lake, "select count(*) from marts.fct_order_lines where order_day = '2026-03-02'") == [(2,)]

    order_id = uuid4()
    lake.land(*(lake.order(DAY + 48 * HOUR, uuid4(), (7, 1, 100), order_id=order_id) for _ in range(2)))
    refresh_typed_and_warehouse(lake.settings)
    with pytest.raises(CalledProcessError):
        build_marts(lake.settings)
    assert query(lake, "select day::text from lake.touched_days") == [("2026-03-03",)]
