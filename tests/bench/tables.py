"""Rows into Postgres: the warehouse's load, and the load of a catalogue with its past orders."""

import time
from datetime import UTC, datetime

import numpy as np
import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

from infra.load import journey
from ingestion.contracts.ordering import OrderPlaced
from pipelines.lib.arrow_copy import copy_arrow
from pipelines.lib.warehouse_schema import create_statement, shapes
from tests.bench.form import Figure
from tests.bench.shop import WEEKS, Shop
from tests.ingestion.plane import named

ROWS = 1_000_000


def warehouse(stack_env: dict[str, str]) -> list[Figure]:
    """A million order lines from Arrow, by the pipeline's own copy."""
    shape = shapes(OrderPlaced)[1]
    dice = np.random.default_rng(1)
    made = {"event_id": pa.array([f"01900000-0000-7000-8000-{n:012x}" for n in range(ROWS)])}
    made["day"] = pa.array(np.full(ROWS, np.datetime64(datetime.now(UTC).date())))
    for field in shape.columns:
        if field.name not in made:
            made[field.name] = pa.array(dice.integers(1, 10_000, ROWS)).cast(field.type)
    rows = pa.table([made[name] for name in shape.columns.names], schema=shape.columns)
    name = "bench_warehouse"
    with psycopg.connect(stack_env["AGORA_WAREHOUSE_URL"], autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name}")
        try:
            with psycopg.connect(named(stack_env["AGORA_WAREHOUSE_URL"], name)) as connection:
                connection.execute("create schema lake")
                connection.execute(create_statement(shape))
                began = time.perf_counter()
                copy_arrow(connection, shape.identifier, rows)
                connection.commit()
                rate = ROWS / (time.perf_counter() - began)
                connection.execute(sql.SQL("truncate {}").format(shape.identifier))
                limit = _raw_copy(connection, shape.identifier, rows)
        finally:
            admin.execute(f"drop database {name} with (force)")
    return [Figure("Arrow to Postgres", rate, "rows/s", 300_000, "higher", limit, "COPY of ready bytes")]


def _raw_copy(connection: psycopg.Connection, table: sql.Identifier, rows: pa.Table) -> float:
    encoder = ArrowToPostgresBinaryEncoder(rows.schema)
    parts = [encoder.write_header()]
    parts += [encoder.write_batch(batch) for batch in rows.combine_chunks().to_batches(max_chunksize=20_000)]
    parts.append(encoder.finish())
    names = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(table, names)
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for part in parts:
            copy.write(part)
    connection.commit()
    return ROWS / (time.perf_counter() - began)


def load(shop: Shop) -> list[Figure]:
    """Past orders through the domains' bulk path, as the shop's own load said."""
    lines = journey.purchase_lines(journey.Skipped(), last_week=WEEKS)
    columns = ("product_id", "quantity", "unit_price_minor", "discount_minor", "total_minor")
    rows = list(lines.select(columns).iter_rows())
    with psycopg.connect(shop.env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        connection.execute(f"create temp table bare ({', '.join(f'{name} bigint' for name in columns)})")
        began = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("copy bare from stdin (format binary)") as copy:
            copy.set_types(["int8"] * len(columns))
            for row in rows:
                copy.write_row(row)
        limit = len(rows) / (time.perf_counter() - began)
    rate = shop.load["lines_per_second"]
    return [Figure("purchase lines loaded", rate, "/s", 30_000, "higher", limit, "COPY into a bare table")]
