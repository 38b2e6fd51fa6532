"""dbt on a year of a supermarket chain: everything anew, and one more day."""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5

import polars as pl
import psycopg
import pyarrow as pa

from infra.load import journey
from ingestion.contracts import catalog, identity, ordering
from ingestion.contracts.envelope import Event
from pipelines.lib import warehouse
from pipelines.lib.arrow_copy import copy_arrow
from pipelines.lib.dbt import run_dbt
from pipelines.lib.marts import build_marts
from pipelines.lib.settings import Settings, get_settings
from pipelines.lib.warehouse_schema import Shape, shapes
from tests.bench.form import Figure
from tests.ingestion.plane import named


def marts(stack_env: dict[str, str]) -> list[Figure]:
    """All models and all their tests, as the pipelines build them; beside it how long dbt itself takes to begin."""
    name = "bench_dbt"
    url = named(stack_env["AGORA_WAREHOUSE_URL"], name)
    with (
        psycopg.connect(stack_env["AGORA_WAREHOUSE_URL"], autocommit=True) as admin,
        tempfile.TemporaryDirectory() as home,
    ):
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name}")
        os.environ["AGORA_DBT_TARGET_DIR"] = home
        get_settings.cache_clear()
        settings = get_settings().model_copy(update={"warehouse_url": url, "pipelines_openlineage_file": None})
        try:
            lines = journey.purchase_lines(journey.Skipped())
            last = lines["taken_at"].dt.date().max()
            assert isinstance(last, date)
            _fill(settings, lines.filter(pl.col("taken_at").dt.date() < last))
            begin = _seconds(lambda: _parse(settings))
            full = _seconds(lambda: build_marts(settings, full_refresh=True))
            _add_day(settings, lines.filter(pl.col("taken_at").dt.date() == last))
            day = _seconds(lambda: build_marts(settings))
            if (found := _days(settings)) != lines["taken_at"].dt.date().n_unique():
                raise RuntimeError(f"{found} days in the marts")
        finally:
            del os.environ["AGORA_DBT_TARGET_DIR"]
            admin.execute(f"drop database {name} with (force)")
    return [
        Figure(f"full build, {lines.height:,} order lines", full, "s", 120, "lower", begin, "dbt begins"),
        Figure("one more day", day, "s", 15, "lower", begin, "dbt begins"),
    ]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _parse(settings: Settings) -> None:
    """Reads the project, which is kept for the next time, and finds that there is nothing to do."""
    run_dbt(settings, ["--quiet", "ls", "--select", "mart_as_of"])


def _days(settings: Settings) -> int:
    with psycopg.connect(settings.warehouse_url) as connection:
        row = connection.execute("select count(distinct day) from marts.mart_daily_sales").fetchone()
        return int(row[0]) if row else 0


def _fill(settings: Settings, lines: pl.DataFrame) -> None:
    """The warehouse's copy of the lake: products, customers, and all orders."""
    products = journey.products(lines, journey.Skipped())
    begin = lines["taken_at"].min()
    assert isinstance(begin, datetime)
    with psycopg.connect(settings.warehouse_url) as connection:
        warehouse.prepare(connection)
        _copy(
            connection,
            catalog.ProductPublished,
            _events(products.with_columns(occurred_at=pl.lit(begin), sku=pl.lit("S"))),
        )
        people = journey.households().select(
            customer_id="household_id", occurred_at=pl.lit(begin), age_band="age_band", income_band="income_band"
        )
        _copy(connection, identity.CustomerRegistered, _events(people))
        _copy_orders(connection, lines)
        connection.execute("analyze")


def _add_day(settings: Settings, lines: pl.DataFrame) -> None:
    with psycopg.connect(settings.warehouse_url) as connection:
        connection.execute("delete from lake.touched_days")
        _copy_orders(connection, lines)
        connection.execute(
            "insert into lake.touched_days (table_name, day) values ('ordering_order_placed', %s)",
            (lines["taken_at"].dt.date()[0],),
        )


def _copy_orders(connection: psycopg.Connection, lines: pl.DataFrame) -> None:
    orders = lines.group_by("basket_id", maintain_order=True).agg(
        pl.col("household_id").first(), pl.col("taken_at").first(), pl.col("total_minor").sum()
    )
    ids = {basket: str(uuid5(NAMESPACE_URL, str(basket))) for basket in orders["basket_id"]}
    event_id = pl.col("basket_id").replace_strict(ids, return_dtype=pl.String)
    placed = orders.with_columns(
        event_id=event_id,
        order_id=event_id,
        occurred_at="taken_at",
        customer_id="household_id",
        source=pl.lit(journey.SOURCE),
    )
    _copy(connection, ordering.OrderPlaced, placed)
    numbered = lines.with_columns(
        event_id=event_id,
        occurred_at="taken_at",
        line_number=pl.int_range(1, pl.len() + 1).over("basket_id"),
    )
    _copy_rows(connection, shapes(ordering.OrderPlaced)[1], numbered)


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_row_index().with_columns(event_id=pl.col("index").cast(pl.String))


def _copy(connection: psycopg.Connection, contract: type[Event], rows: pl.DataFrame) -> None:
    _copy_rows(connection, shapes(contract)[0], rows)


def _copy_rows(connection: psycopg.Connection, shape: Shape, rows: pl.DataFrame) -> None:
    """Rows in the columns of a table; what the source does not have is empty, currencies are dollars."""
    there = rows.with_columns(
        day=pl.col("occurred_at").dt.date(), landed_at="occurred_at", currency=pl.lit("USD")
    ).to_arrow()
    columns = [
        there[field.name].cast(field.type) if field.name in there.column_names else pa.nulls(there.num_rows, field.type)
        for field in shape.columns
    ]
    table = pa.table(columns, schema=shape.columns)
    for first in range(0, table.num_rows, 200_000):
        copy_arrow(connection, shape.identifier, table.slice(first, 200_000))
