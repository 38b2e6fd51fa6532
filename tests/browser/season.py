"""Two months of a shop for its dashboards: orders, customers, stock that moved, models, and what was noted of them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from ingestion.contracts.analytics import CartItemAdded, CheckoutStarted, PageViewed, ProductViewed, SearchPerformed
from ingestion.contracts.inventory import StockMoved
from ingestion.contracts.recommendations import RecommendationServed
from pipelines.lib.lineage.models import read_models
from pipelines.lib.ops import TABLES
from pipelines.lib.prepare import prepare
from pipelines.lib.warehouse_schema import create_statement, shapes

LOADED = (
    *(PageViewed, ProductViewed, SearchPerformed, CartItemAdded, CheckoutStarted),
    *(StockMoved, RecommendationServed),
)
DAYS = 60
ORDERS_A_DAY = 12
DEPARTMENTS = {"Grocery": ("Hot drinks", "Spreads", "Soups"), "Produce": ("Fruit", "Salads"), "Home": ("Lamps",)}
_PROOF_TYPES = {"analytics.page_viewed": 48_211, "analytics.product_viewed": 20_450, "ordering.order_placed": 2_310}


def facts(product_ids: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) of dimensions and facts: the same at every call."""
    dice = random.Random(4)
    now = datetime.now(UTC)
    shelves = [(department, category) for department, names in DEPARTMENTS.items() for category in names]
    for number, product_id in enumerate(product_ids):
        department, category = shelves[number % len(shelves)]
        kinds = {"department": department, "category": category, "product_type": category, "brand": "National"}
        named = {"product_id": product_id, "title": f"Product {product_id}", "is_inferred": False}
        yield "marts.dim_products", named | kinds
    first: dict[str, datetime] = {}
    for back in reversed(range(DAYS)):
        for number in range(ORDERS_A_DAY + dice.randrange(6)):
            placed_at = now - timedelta(days=back, minutes=number * 7)
            customer = f"c{min(dice.randrange(200), dice.randrange(260) + (DAYS - back) // 2)}"
            first.setdefault(customer, placed_at)
            yield from _order(dice, product_ids, f"{back:02}-{number:02}", placed_at, customer)
    for number, (customer, since) in enumerate(sorted(first.items())):
        about = {
            "source": ("storefront", "complete-journey")[number % 2],
            "age_band": ("19-24", "35-44", None)[number % 3],
        }
        yield "marts.dim_customers", about | {"customer_id": customer, "first_order_at": since, "is_inferred": False}


def _order(
    dice: random.Random, product_ids: list[int], order_id: str, placed_at: datetime, customer: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = [(dice.choice(product_ids), dice.randint(1, 4), dice.randrange(150, 2_400)) for _ in range(3)]
    shared = {
        "order_id": order_id,
        "order_day": placed_at.date(),
        "placed_at": placed_at,
        "customer_id": customer,
        "source": dice.choice(["storefront", "in_store"]),
        "currency": "USD",
        "is_cancelled": dice.random() < 0.04,
        "discount_minor": 30,
    }
    total = sum(quantity * price for _, quantity, price in lines)
    own = {"lines": 3, "units": sum(line[1] for line in lines), "total_minor": total}
    yield "marts.fct_orders", shared | own | {"goods_minor": total, "status": "placed"}
    for number, (product_id, quantity, price) in enumerate(lines, 1):
        line = {"line_number": number, "product_id": product_id, "quantity": quantity, "unit_price_minor": price}
        yield "marts.fct_order_lines", shared | line | {"total_minor": quantity * price, "discount_minor": 10}


def movements(product_ids: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Stock that came and went."""
    dice = random.Random(5)
    today = datetime.now(UTC).date()
    for back in range(DAYS):
        for kind, units in (("received", 70), ("allocated", 66), ("shipped", 60), ("returned", 3)):
            moved = {"day": today - timedelta(days=back), "movement": kind, "quantity": units + dice.randrange(20)}
            event = {"event_id": f"{back}-{kind}", "product_id": dice.choice(product_ids)}
            yield "lake.inventory_stock_moved", event | moved


def visits(product_ids: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What people did in the half hours that the page of the last one compares with: today's, and last week's."""
    dice = random.Random(6)
    now = datetime.now(UTC)
    for number in range(400):
        at = now - timedelta(weeks=number % 2, minutes=dice.uniform(-30, 30))
        person = f"v{dice.randrange(120)}"
        event = {"event_id": f"visit-{number}", "day": at.date(), "occurred_at": at, "anonymous_id": person}
        yield "lake.analytics_product_viewed", event | {"product_id": dice.choice(product_ids)}
        if number % 5 == 0:
            yield "lake.analytics_cart_item_added", event | {"product_id": product_ids[0], "quantity": 1}
        if number % 9 == 0:
            yield "lake.analytics_checkout_started", event | {"items": 2}


def shelves(product_ids: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the recommender showed, by two versions at three places, and what it led to."""
    dice = random.Random(8)
    today = datetime.now(UTC).date()
    for back in range(DAYS):
        for surface, answers in (("home", 420), ("product", 900), ("cart", 160)):
            day = {"day": today - timedelta(days=back), "surface": surface, "model": "ease"}
            shown = answers + dice.randrange(60)
            clicked = int(shown * dice.uniform(0.08, 0.12))
            led = {"answers": shown, "impressions": shown * 12, "answers_clicked": clicked, "clicks": clicked}
            bought = {"carts": clicked // 4, "orders": clicked // 12, "revenue_minor": clicked // 12 * 2_300}
            yield "marts.mart_recommendations", day | {"model_version": 2 if back < 20 else 1} | led | bought
        item = {"event_id": f"shelf-{back}", "day": today - timedelta(days=back), "position": 1, "reason": "because"}
        shown_item = {"product_id": dice.choice(product_ids), "score": 0.5, "propensity": 0.2}
        yield "lake.recommendations_recommendation_served_items", item | shown_item


def experiments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Two experiments, and places that a lot decided."""
    now = datetime.now(UTC)
    sides = {
        "wider-shelves": (("control", 5_120, 614, 251, 22), ("wide", 5_087, 783, 268, 25)),
        "fewer-of-a-kind": (("control", 340, 41, 16, 1), ("one", 351, 44, 15, 2)),
    }
    for name, variants in sides.items():
        for variant, units, clicked, ordered, refunded in variants:
            side = {"experiment_id": name, "variant": variant, "began_at": now - timedelta(days=9), "last_at": now}
            counts = {"units": units, "units_clicked": clicked, "units_ordered": ordered, "units_refunded": refunded}
            counts |= {"units_reported": refunded // 4}
            money = {"orders": ordered + 9, "revenue_minor": ordered * 2_650, "refunded_minor": refunded * 900}
            yield "marts.mart_experiments", side | counts | money
    for rank in range(1, 41):
        place = {"day": now.date(), "surface": "home", "model": "ease", "model_version": 2}
        drawn = {"pool_size": 40, "pool_rank": rank, "shown": 200, "clicked": max(2, 16 - rank // 2)}
        yield "marts.mart_exploration", place | drawn


def notes() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the pipelines leave in the schema `ops`: the real models, loads, runs and proofs."""
    now = datetime.now(UTC)
    for model in read_models(prepare()):
        columns = {"columns": Jsonb(model.columns), "depends_on": model.depends_on, "description": model.description}
        yield "ops.lineage_models", columns | {"name": model.name, "path": model.path, "sql": model.sql}
        run = {"status": "success", "seconds": 0.4, "rows": 1_204, "finished_at": now}
        yield "ops.model_runs", run | {"name": model.name, "invocation_id": "5d0a3c1e-7a52-4a8c-9d0e-33d6a1c0f7b1"}
    for column in ("order_id", "total_minor", "currency"):
        made_of = {"source": "staging.stg_ordering__orders", "source_column": column}
        yield "ops.lineage_columns", {"name": "marts.fct_orders", "column": column} | made_of
    for table in ("ordering_order_placed", "ordering_order_placed_lines", "ordering_order_cancelled"):
        event = {"event_id": "0198c0de-0000-7000-8000-000000000001", "occurred_at": now.isoformat()}
        yield (
            "ops.lineage_loads",
            {
                "table_name": f"lake.{table}",
                "event_type": "ordering.order_placed",
                "typed_rows": 2_310,
                "typed_table": f"typed.{table}",
                "typed_snapshot_id": 5_127_346_890_112_345_678,
                "raw_table": "raw.ordering",
                "raw_snapshot_id": 7_340_118_273_645_501_923,
                "raw_rows": 9_870,
                **dict.fromkeys(("typed_committed_at", "raw_committed_at", "newest_at"), now),
                "positions": Jsonb({"cluster_id": "k1", "topic_id": "t1", "offsets": {"0": 9_870, "1": 4_411}}),
                "samples": Jsonb([event | {"kafka_partition": 0, "kafka_offset": 9_869}]),
            },
        )
    failed = {"topic": "ordering", "event_type": "ordering.order_placed", "stage": "typing", "failed_at": now}
    for state in ("open", "open", "replayed"):
        reason = "data.total_minor: Field required"
        yield "ops.failed_events", failed | {"failed_id": uuid4(), "reason": reason, "state": state}
    yield "ops.checks", {"suite": "marts", "passed": False, "rows": 300, "failures": ["sums differ"], "warnings": []}
    yield "ops.alerts", {"source": "checks of marts", "message": "sums differ on one day"}
    yield "ops.alerts", {"source": "proof", "message": "difference 2", "ended_at": now}
    for back in reversed(range(12)):
        lost = 2 if back == 5 else 0
        rows = [
            {
                "topic": name.partition(".")[0],
                "type": name,
                "accepted": events,
                "kafka": events,
                "lake": events,
                "failed": 0,
                "warehouse": events - (lost if number == 0 else 0),
                "difference": lost if number == 0 else 0,
            }
            for number, (name, events) in enumerate(_PROOF_TYPES.items())
        ]
        when = {"as_of": now - timedelta(hours=back), "seconds": 3.2, "difference": lost}
        yield "ops.proof_runs", when | {"rows": Jsonb(rows)}


def fill(connection: psycopg.Connection, product_ids: list[int]) -> None:
    """Put the season into a warehouse whose marts are there."""
    connection.execute(TABLES)
    connection.execute("create schema lake")
    for event in LOADED:
        for shape in shapes(event):
            connection.execute(create_statement(shape))
    everything = [*facts(product_ids), *movements(product_ids), *visits(product_ids), *shelves(product_ids)]
    everything += [*experiments(), *notes()]
    with connection.cursor() as cursor:
        for table, row in everything:
            cursor.execute(_insert(table, tuple(row)), list(row.values()))
    for schema in map(sql.Identifier, ("lake", "ops")):
        connection.execute(sql.SQL("grant usage on schema {} to agora_api").format(schema))
        connection.execute(sql.SQL("grant select on all tables in schema {} to agora_api").format(schema))


def _insert(table: str, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )


@contextmanager
def trained(owner_url: str) -> Iterator[None]:
    """Two versions of the recommendations, for as long as a page is looked at: there are no tables to answer from."""
    figures = {"recall_at_20": 0.31, "map_at_10": 0.12, "new_ndcg_at_10": 0.05, "coverage_at_10": 0.4}
    candidates = {"ease": 0.264, "als": 0.239, "item_knn": 0.188, "popularity": 0.136}
    with psycopg.connect(owner_url) as connection:
        for worse in (0.01, 0.0):
            metrics = {
                name: figures | {"ndcg_at_10": best - worse, "fit_seconds": 4.2} for name, best in candidates.items()
            }
            connection.execute(
                "insert into serving.model_versions (name, kind, champion, parameters, metrics, lake_snapshots)"
                " values ('recommendations', 'ease', 'ease', '{}', %s, %s)",
                (Jsonb(metrics), Jsonb({"typed.ordering_order_placed": 5127346890112345678})),
            )
        connection.execute(
            "insert into serving.active (name, version)"
            " select 'recommendations', max(version) from serving.model_versions"
        )
        connection.commit()
        yield
        connection.execute("delete from serving.active")
        connection.execute("delete from serving.model_versions")
