"""Fills a shop for the browser: real products, stock, an executive, and marts with a season in them.

Runs as a process of its own (`python -m tests.browser.shelves`), because the tests' process serves another database.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
import yaml  # type: ignore[import-untyped]
from jinja2 import Template
from psycopg import sql

from api.core.db import get_database, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport
from api.domains.inventory import facade as inventory
from infra.load import journey
from infra.load.complete_journey import PRODUCT_FIELDS
from ingestion.contracts import new_event_id
from tests.browser import season

MARTS = Path(__file__).parents[2] / "dbt" / "models" / "marts"
EXECUTIVE, PASSWORD = "executive@example.org", "four quiet green words"
PRODUCTS_PER_CATEGORY = 4
DAYS = 60


def products() -> list[dict[str, Any]]:
    """The best stocked products of each category of the real catalogue."""
    skipped = journey.Skipped()
    everything = journey.products(journey.purchase_lines(skipped, last_week=2), skipped)
    chosen = everything.sort("opening_stock", "product_id", descending=[True, False])
    return chosen.group_by("department", "category", maintain_order=True).head(PRODUCTS_PER_CATEGORY).to_dicts()


async def fill_shop() -> dict[str, int]:
    """Products, stock and the executive; returns SKU → product id."""
    rows = products()
    person = CustomerImport(
        customer_id=new_event_id(),
        email=EXECUTIVE,
        display_name="Grace Hopper",
        password_hash=identity.hash_password(PASSWORD),
        source="test",
        age_band=None,
        income_band=None,
        household_size=None,
        registered_at=datetime.now(UTC),
    )
    imports = [
        ProductImport(sku=journey.sku_of(row["product_id"]), **{name: row[name] for name in PRODUCT_FIELDS})
        for row in rows
    ]
    async with transaction() as session:
        ids = await catalog.import_products(session, imports)
        stock = [(ids[journey.sku_of(row["product_id"])], 100) for row in rows]
        await inventory.receive_many(session, stock)
        await identity.import_customers(session, [person])
        for role in ("executive", "operator", "creator"):
            await identity.grant_role(session, EXECUTIVE, role)
    await get_database().close()
    return ids


def marts(ids: dict[str, int]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Each mart with two months of rows, columns in the order of its contract."""
    now = datetime.now(UTC)
    days = [now.date() - timedelta(days=back) for back in range(DAYS)]
    monday = now.date() - timedelta(days=now.weekday())
    best = pl.DataFrame({"product_id": list(ids.values())[:10]})["product_id"].to_list()
    yield "mart_as_of", [(now, now)]
    yield (
        "mart_daily_sales",
        [
            (day, "USD", 80 + n % 7, 300, *_revenue(250_000 + 9_000 * (n % 7) - 500 * n), 900, 70, 3)
            for n, day in enumerate(days)
        ],
    )
    yield "mart_funnel", [(day, 400, 320, 150, 100, 80 + n % 7) for n, day in enumerate(days)]
    yield (
        "mart_product_sales",
        [(each, f"Product {each}", "Grocery", "National", 90, 30_000, 900, 300_000) for each in best],
    )
    yield (
        "mart_moderation",
        [
            (day, origin, "post", many, many - n % 3, many // 3, many // 2, 0, 0, 0, 9000 * many)
            for n, day in enumerate(days)
            for origin, many in (("hold", 9 + n % 5), ("report", 5 + n % 4))
        ],
    )
    yield (
        "mart_moderation_rules",
        [
            (day, rule, many + n % 4, shadow * (many + n % 4), many, removed, stood)
            for n, day in enumerate(days)
            for rule, many, shadow, removed, stood in (
                ("link", 6, 0, 3, 1),
                ("blocked-term", 3, 0, 3, 0),
                ("toxic", 2, 1, 0, 0),
            )
        ],
    )
    yield from _forum(days, now)
    yield "mart_customers_weekly", [(monday - timedelta(weeks=n), 300 - n, 20, 280 - n) for n in range(12)]


def _forum(days: list[date], now: datetime) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Communities, articles and feeds; the communities are nobody's, and are counted as private ones."""
    place = str(UUID(int=1))
    yield (
        "mart_communities",
        [(place, day, 3 + n % 4, 9 + n % 5, 40 + n % 9, 12, 7, 2, 1) for n, day in enumerate(days)],
    )
    yield (
        "fct_community_acts",
        [
            ("vote", f"{n}-{each}", place, f"c{each * (n % 5 + 1)}", now, day)
            for n, day in enumerate(days)
            for each in range(9)
        ],
    )
    yield (
        "fct_articles",
        [(f"a{n}", "c1", now, day, now if n % 3 else None, 1, n % 3 > 0, 50, 30) for n, day in enumerate(days)],
    )
    yield "mart_articles", [(day, 1, n % 2, 1, 0, n % 3, n % 2, 0, 90 + n % 7, 60) for n, day in enumerate(days)]
    yield (
        "mart_feed",
        [
            (day, source, True, shown + n % 9, opened, n % 2)
            for n, day in enumerate(days)
            for source, shown, opened in (("answered", 60, 9), ("joined", 80, 10), ("popular", 200, 12))
        ],
    )


def _revenue(charged: int) -> tuple[int, int, int, int]:
    """All of it, then goods, delivery and tax."""
    return charged, charged - 15_000, 9_000, 6_000


def columns_of(mart: str) -> list[tuple[str, str]]:
    """(name, type) of a mart's columns, as its contract in the dbt project has them."""
    (model,) = yaml.safe_load((MARTS / f"{mart}.yml").read_text())["models"]
    return [(column["name"], column["data_type"]) for column in model["columns"]]


def definition(mart: str) -> str:
    """What a mart selects, as the dbt project has it, of the other marts."""
    names = {"config": lambda **_: "", "is_incremental": lambda: False}
    places = {"ref": lambda name: f"marts.{name}", "source": lambda *names: ".".join(names)}
    return Template((MARTS / f"{mart}.sql").read_text()).render(names | places)


def build_marts(owner_url: str, ids: dict[str, int]) -> None:
    """Make the marts in the warehouse of this shop."""
    with psycopg.connect(owner_url) as connection:
        connection.execute("CREATE SCHEMA marts")
        for name, rows in marts(ids):
            columns = columns_of(name)
            table = sql.Identifier("marts", name)
            parts = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns
            )
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, parts))
            places = sql.SQL(", ").join(sql.Placeholder() * len(columns))
            with connection.cursor() as cursor:
                cursor.executemany(sql.SQL("INSERT INTO {} VALUES ({})").format(table, places), rows)
        facts = ("dim_customers", "dim_products", "fct_orders", "fct_order_lines")
        for name in (*facts, "mart_recommendations", "mart_exploration", "mart_experiments"):
            parts = (sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns_of(name))
            table = sql.Identifier("marts", name)
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(parts)))
        season.fill(connection, list(ids.values())[:24])
        connection.execute(f"CREATE TABLE marts.mart_sales_parts AS {definition('mart_sales_parts')}".encode())
        connection.execute("GRANT USAGE ON SCHEMA marts TO agora_api")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA marts TO agora_api")


if __name__ == "__main__":
    build_marts(os.environ["SHOP_WAREHOUSE_OWNER_URL"], asyncio.run(fill_shop()))
