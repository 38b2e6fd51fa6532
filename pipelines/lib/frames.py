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


def removed_tastes(settings: Settings | None = None) -> pl.DataFrame:
    """customer_id, product_id of what a customer took out of their taste and did not put back."""
    columns = ("customer_id", "product_id", "occurred_at", "kafka_offset")
    words = [
        events(f"recommendations.taste_{word}", columns, settings).with_columns(is_removed=pl.lit(word == "removed"))
        for word in ("removed", "restored")
    ]
    last = pl.concat(words).drop_nulls("customer_id").sort("occurred_at", "kafka_offset")
    newest = last.unique(["customer_id", "product_id"], keep="last")
    return newest.filter("is_removed").select("customer_id", "product_id")


def taste_resets(settings: Settings | None = None) -> pl.DataFrame:
    """customer_id, reset_id, reset_at of each customer's last wish to begin anew."""
    resets = events("recommendations.taste_reset", ("customer_id", "reset_id", "occurred_at"), settings)
    newest = resets.drop_nulls("customer_id").sort("occurred_at").unique("customer_id", keep="last")
    return newest.rename({"occurred_at": "reset_at"})


def segments(settings: Settings | None = None) -> pl.DataFrame:
    """customer_id, segment (`age_band=35-44`) of what customers said about themselves when they registered."""
    names = ("age_band", "household_size")
    registered = events("identity.customer_registered", ("customer_id", *names), settings)
    said = registered.unpivot(names, index="customer_id", variable_name="name").drop_nulls("value")
    return said.select("customer_id", segment=pl.format("{}={}", "name", "value")).unique()
