"""A warehouse of the dashboards' own: tables as the marts' contracts have them, read with the API's own role."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from api.domains.analytics.service.remembered import remembered
from ingestion.contracts.analytics import CartItemAdded, CheckoutStarted, PageViewed, ProductViewed, SearchPerformed
from ingestion.contracts.inventory import StockMoved
from ingestion.contracts.recommendations import RecommendationServed
from pipelines.lib.ops import TABLES
from pipelines.lib.warehouse_schema import create_statement, shapes
from tests.api.conftest import OneConnection, _drop, _named
from tests.browser.shelves import columns_of, definition

MARTS = (
    *("dim_customers", "dim_products", "fct_orders", "fct_order_lines"),
    *("mart_as_of", "mart_daily_sales", "mart_customers_weekly", "mart_funnel", "mart_product_sales", "mart_revenue"),
    *("mart_retention", "mart_sessions", "mart_inventory", "mart_recommendations", "mart_search", "mart_payments"),
    *("mart_experiments", "mart_exploration", "mart_communities", "fct_community_acts"),
    *("mart_moderation", "mart_moderation_rules", "fct_articles", "mart_articles", "mart_feed"),
)
LOADED = (
    *(PageViewed, ProductViewed, SearchPerformed, CartItemAdded, CheckoutStarted),
    *(StockMoved, RecommendationServed),
)
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Warehouse:
    """Puts rows into tables; a column that is not given has the value of `USUAL` for its type."""

    USUAL: Mapping[str, Any] = {
        "text": "",
        "bigint": 0,
        "integer": 0,
        "boolean": False,
        "date": date(2026, 3, 10),
        "timestamptz": AS_OF,
        "double precision": 0.0,
        "jsonb": "null",
    }

    def __init__(self, connection: psycopg.Connection, api_url: str) -> None:
        self.connection = connection
        self.api_url = api_url

    def put(self, table: str, *rows: Mapping[str, Any]) -> None:
        """Insert rows into `schema.table`."""
        schema, name = table.split(".")
        found = self.connection.execute(
            "select column_name, case data_type when 'timestamp with time zone' then 'timestamptz' else data_type end"
            " from information_schema.columns where table_schema = %s and table_name = %s and is_identity = 'NO'"
            " order by ordinal_position",
            (schema, name),
        ).fetchall()
        for row in rows:
            values = {column: self.USUAL[kind] for column, kind in found if kind in self.USUAL} | dict(row)
            statement = sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(schema, name),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            )
            self.connection.execute(statement, list(values.values()))

    def order(self, order_id: str, day: date, customer: str, *lines: tuple[int, int, int], **columns: Any) -> None:
        """An order and its lines: (product, quantity, unit price)."""
        placed_at = columns.pop("placed_at", datetime.combine(day, datetime.min.time(), UTC))
        shared = {
            "order_id": order_id,
            "order_day": day,
            "placed_at": placed_at,
            "customer_id": customer,
            "source": columns.pop("source", "storefront"),
            "currency": columns.pop("currency", "USD"),
            "is_cancelled": columns.pop("is_cancelled", False),
        }
        whole = {
            "lines": len(lines),
            "units": sum(line[1] for line in lines),
            "total_minor": sum(line[1] * line[2] for line in lines),
            "goods_minor": sum(line[1] * line[2] for line in lines),
            "cancelled_at": None,
        }
        self.put("marts.fct_orders", shared | whole | columns)
        for number, (product, quantity, price) in enumerate(lines, 1):
            line = {
                "line_number": number,
                "product_id": product,
                "quantity": quantity,
                "unit_price_minor": price,
                "total_minor": quantity * price,
                "goods_minor": quantity * price,
            }
            self.put("marts.fct_order_lines", shared | line)

    def products(self, *rows: tuple[int, str, str, str]) -> None:
        """Products: (id, title, department, category)."""
        for product_id, title, department, category in rows:
            named = {"product_id": product_id, "title": title, "department": department, "category": category}
            self.put("marts.dim_products", named)


@pytest.fixture(scope="session")
def warehouse_database(migrated_env: dict[str, str]) -> Iterator[Warehouse]:
    """An empty warehouse for this worker."""
    owner_url = migrated_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_dashboards_{secrets.token_hex(4)}"
    with psycopg.connect(owner_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with psycopg.connect(_named(owner_url, name), autocommit=True) as connection:
            _make_tables(connection)
            yield Warehouse(connection, _named(migrated_env["AGORA_POSTGRES_URL"], name))
    finally:
        # Some tests end every connection to the migrated database: this one is made anew.
        with psycopg.connect(owner_url, autocommit=True) as admin:
            _drop(admin, name)


def _make_tables(connection: psycopg.Connection) -> None:
    connection.execute("CREATE SCHEMA marts")
    for mart in MARTS:
        parts = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns_of(mart)
        )
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier("marts", mart), parts))
    parts = "mart_sales_parts"  # always what the facts say
    connection.execute(f"CREATE VIEW marts.{parts} AS {definition(parts)}".encode())
    connection.execute(TABLES)
    connection.execute("CREATE SCHEMA lake")
    for event in LOADED:
        for shape in shapes(event):
            connection.execute(create_statement(shape))
    for schema in map(sql.Identifier, ("lake", "marts", "ops")):
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO agora_api").format(schema))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO agora_api").format(schema))


@pytest.fixture
async def figures(
    rolled_back: OneConnection, warehouse_database: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Warehouse]:
    """The warehouse that the application reads in this test: marts built at AS_OF, and nothing in them."""
    connection = warehouse_database.connection
    for (table,) in connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('marts', 'lake', 'ops')"
    ).fetchall():
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(table)))
    warehouse_database.put("marts.mart_as_of", {"as_of": AS_OF, "built_at": AS_OF})
    url = warehouse_database.api_url.split("://", 1)[1]
    engine = create_async_engine(f"postgresql+psycopg://{url}", isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def read() -> AsyncIterator[AsyncConnection]:
        async with engine.connect() as reader:
            yield reader

    monkeypatch.setattr(rolled_back, "warehouse", read)
    remembered.forget()
    yield warehouse_database
    remembered.forget()
    await engine.dispose()
