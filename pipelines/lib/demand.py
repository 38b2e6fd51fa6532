"""From what was sold, as the lake holds it, to the table of forecasts that the shop orders by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import psycopg
from psycopg import sql

from ingestion.contracts.inventory import StockMoved
from ingestion.contracts.ordering import OrderCancelled, OrderPlaced
from ingestion.settings import SettingsError
from pipelines.lib import frames
from pipelines.lib.arrow_copy import copy_arrow
from pipelines.lib.settings import Settings
from pipelines.lib.training import snapshots

if TYPE_CHECKING:
    from ml.forecasting.forecast import Forecast

TABLE = sql.Identifier("serving", "demand_forecasts")
MAIN = "main"  # where an order counts that never moved stock here: it came from an import
_MOVED = ("product_id", "variant_id", "location", "movement", "quantity", "order_id", "occurred_at")


@dataclass(frozen=True)
class Served:
    """A forecast, and how many rows of it the shop reads now."""

    made: "Forecast"
    rows: int
    link: str


def sales(settings: Settings) -> pl.DataFrame:
    """variant_id, location, day (UTC), units: what orders took from each place, net of what was released again."""
    moves = frames.events(StockMoved.type, _MOVED, settings).filter(pl.col("movement").is_in(["allocated", "released"]))
    by_place = moves.select(
        pl.coalesce("variant_id", "product_id").alias("variant_id"),
        pl.col("location").fill_null(MAIN),
        pl.col("occurred_at").dt.date().alias("day"),
        pl.when(pl.col("movement") == "allocated").then("quantity").otherwise(-pl.col("quantity")).alias("units"),
    )
    cancelled = frames.events(OrderCancelled.type, ("order_id",), settings)
    placed = frames.events(OrderPlaced.type, ("order_id", "occurred_at", "lines"), settings)
    moved = moves.select("order_id").drop_nulls().unique()
    without = placed.join(cancelled, on="order_id", how="anti").join(moved, on="order_id", how="anti")
    lines = without.explode("lines", empty_as_null=False).unnest("lines")
    imported = lines.select(
        pl.coalesce("variant_id", "product_id").alias("variant_id"),
        pl.lit(MAIN).alias("location"),
        pl.col("occurred_at").dt.date().alias("day"),
        pl.col("quantity").alias("units"),
    )
    return pl.concat([by_place, imported], how="vertical_relaxed")


def forecast(settings: Settings) -> Served:
    """Read, test, forecast, record, serve. Raises ValueError where the history is too short; the table then stays."""
    from ml.forecasting.forecast import forecast as make  # noqa: PLC0415
    from ml.forecasting.forecast import record  # noqa: PLC0415 -- scikit-learn, only where it is used
    from ml.registry import Registry  # noqa: PLC0415

    if settings.mlflow_url is None:
        raise SettingsError("AGORA_MLFLOW_URL: is needed to forecast demand")
    sold = sales(settings)
    # The day under way has not sold all that it will.
    made = make(sold.filter(pl.col("day") < sold["day"].max()))
    mlflow = Registry(settings.mlflow_url)
    run_id = record(mlflow, made, snapshots(settings))
    return Served(made, publish(settings, made, run_id), mlflow.link(run_id))


def publish(settings: Settings, made: "Forecast", run_id: str | None = None) -> int:
    """Put the forecast in the place of the one before, in one transaction; how many rows."""
    if settings.postgres_pipelines_url is None:
        raise SettingsError("AGORA_POSTGRES_PIPELINES_URL: is needed to serve forecasts")
    rows = made.table.with_columns(
        pl.col("variant_id").cast(pl.Int64),
        forecaster=pl.lit(made.tested.champion),
        known_until=pl.lit(made.until),
        mlflow_run_id=pl.lit(run_id, pl.String),
    )
    with psycopg.connect(settings.postgres_pipelines_url) as connection:
        connection.execute("delete from serving.demand_forecasts")
        return copy_arrow(connection, TABLE, rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
