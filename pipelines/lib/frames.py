"""Marts and typed events as data frames: for models, and for whoever opens a notebook. Read-only."""

import polars as pl
import psycopg
from psycopg import sql

from ingestion.lake.reader import scan
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings, get_settings
from pipelines.lib.typed import typed_name


def mart(name: str, settings: Settings | None = None) -> pl.DataFrame:
    """A whole table of the schema `marts`, by its name."""
    settings = settings or get_settings()
    query = sql.SQL("select * from {}").format(sql.Identifier("marts", name))
    with psycopg.connect(settings.warehouse_read_url or settings.warehouse_url) as connection:
        return pl.read_database(query.as_string(connection), connection, infer_schema_length=None)


def events(event_type: str, columns: tuple[str, ...] | None = None, settings: Settings | None = None) -> pl.DataFrame:
    """All events of a type from its typed table; empty, with its columns, before the first one."""
    settings = settings or get_settings()
    with open_lake(settings) as catalog:
        found = pl.from_arrow(scan(catalog, identifier(settings, typed_name(event_type)), columns=columns))
    if not isinstance(found, pl.DataFrame):
        raise TypeError(f"{event_type} is no table")
    return found


def purchases(settings: Settings | None = None) -> pl.DataFrame:
    """Lines of orders that stand: customer_id, product_id, quantity, order_id, occurred_at (when it was placed)."""
    cancelled = events("ordering.order_cancelled", ("order_id",), settings)
    orders = events("ordering.order_placed", ("order_id", "customer_id", "occurred_at", "lines"), settings)
    lines = orders.join(cancelled, on="order_id", how="anti").explode("lines", empty_as_null=False)
    return lines.unnest("lines").select("customer_id", "product_id", "quantity", "order_id", "occurred_at")
