"""Evaluations for the command line: data in, figures out, what cannot be read is one line."""

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl

from infra.load import journey
from infra.load.journey import Skipped
from infra.local.settings import LocalError
from ml.forecasting.forecast import forecast, report


def evaluate_demand(sales_file: Path | None, origins: int, json_file: Path | None) -> None:
    """Print the report of a backtest, and write its figures. Raises LocalError for what cannot be used."""
    sales = journey_sales() if sales_file is None else read_sales(sales_file)
    try:
        made = forecast(sales, origins=origins)
    except ValueError as error:
        raise LocalError(str(error)) from error
    print(report(made))
    print(f"{made.seconds:.1f} s")
    if json_file is not None:
        tested = asdict(made.tested)
        kept = {name: tested[name] for name in ("champion", "figures", "gain", "by_origin")}
        facts = {"until": made.until.isoformat(), "series": made.series, "forecast": made.table.height}
        json_file.write_text(json.dumps(kept | facts | {"seconds": round(made.seconds, 1)}, indent=1) + "\n")


def journey_sales() -> pl.DataFrame:
    """A year of a supermarket chain, whole days: its last day ends early in the morning."""
    lines = journey.purchase_lines(Skipped())
    sales = lines.select(
        pl.col("product_id").alias("variant_id"),
        pl.lit("main").alias("location"),
        pl.col("taken_at").dt.date().alias("day"),
        pl.col("quantity").alias("units"),
    )
    return sales.filter(pl.col("day") < sales["day"].max())


def read_sales(path: Path) -> pl.DataFrame:
    """Sales of a file; rows without variant, day or whole units are counted, told and left out. Raises LocalError."""
    try:
        found = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LocalError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if missing := [name for name in ("variant_id", "day", "units") if name not in found.columns]:
        raise LocalError(f"{path} lacks the column {', '.join(missing)}")
    if "location" not in found.columns:
        found = found.with_columns(location=pl.lit("main"))
    day = pl.col("day").str.slice(0, 10).str.to_date(strict=False) if found["day"].dtype == pl.String else pl.col("day")
    good = found.select(
        pl.col("variant_id").cast(pl.Int64, strict=False),
        pl.col("location").cast(pl.String),
        day.cast(pl.Date, strict=False),
        pl.col("units").cast(pl.Int64, strict=False),
    ).drop_nulls()
    if bad := found.height - good.height:
        print(f"{bad} rows without variant, day or whole units were left out")
    return good
