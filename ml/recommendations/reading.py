"""Interactions from any Parquet or CSV file, in the shape that the models take; what is wrong in it is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

GUESSES: Mapping[str, Sequence[str]] = {
    "user": ("user", "user_id", "userId", "customer_id", "household_id", "session_id", "SessionId", "CustomerID"),
    "item": ("item", "item_id", "itemId", "product_id", "movieId", "ItemId", "StockCode"),
    "time": ("time", "timestamp", "occurred_at", "transaction_timestamp", "Time", "InvoiceDate", "date"),
}
FACTS = ("title", "category", "product_type", "brand", "department")
_MILLISECONDS = 100_000_000_000  # an epoch above this is in milliseconds: in seconds it would be the year 5138


class UnreadableFile(ValueError):
    """A file or a column that cannot be used, said in one line."""


@dataclass(frozen=True)
class Interactions:
    """`lines` have customer_id, product_id, quantity, order_id, occurred_at and, where asked for, weight.

    `product_id` is a code: the item's place in `names`. `bad` counts the rows that were left out, by reason;
    `is_timed` tells whether the file said when things happened.
    """

    lines: pl.DataFrame
    names: list[str]
    rows: int
    bad: dict[str, int]
    is_timed: bool


def read(
    path: Path,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    at_least: float | None = None,
    least_per_person: int = 1,
) -> Interactions:
    """Read a file; columns that are not named are recognised by usual names (a time need not be there).

    With `at_least`, rows of a smaller weight are left out and the others count one each: a rating is then a like.
    People with fewer than `least_per_person` rows are left out. Raises UnreadableFile in one line.
    """
    frame = _open(path)
    columns = {
        "user": _column(frame, "user", user),
        "item": _column(frame, "item", item),
        "time": _column(frame, "time", time, is_needed=False),
    }
    strength = pl.lit(1.0) if weight is None else pl.col(_named(frame, weight)).cast(pl.Float64, strict=False)
    parts = [
        pl.col(str(columns["user"])).cast(pl.String).str.strip_chars().alias("user"),
        pl.col(str(columns["item"])).cast(pl.String).str.strip_chars().alias("item"),
        _moment(frame, columns["time"]).alias("at"),
        strength.alias("weight"),
    ]
    rows = frame.select(parts)
    reasons = {
        "no user": pl.col("user").is_null() | (pl.col("user") == ""),
        "no item": pl.col("item").is_null() | (pl.col("item") == ""),
        "no readable time": pl.col("at").is_null(),
        "no usable weight": ~(pl.col("weight").is_finite() & (pl.col("weight") > 0)).fill_null(value=False),
    }
    bad, good = {}, rows
    for reason, is_bad in reasons.items():
        kept = good.filter(~is_bad)
        if kept.height < good.height:
            bad[reason] = good.height - kept.height
        good = kept
    if at_least is not None:
        good = good.filter(pl.col("weight") >= at_least).with_columns(weight=pl.lit(1.0))
    good = good.filter(pl.len().over("user") >= least_per_person)
    if good.is_empty():
        raise UnreadableFile(f"{path}: holds no usable row ({rows.height} read)")
    names = good["item"].unique().sort()
    lines = good.select(
        pl.col("user").alias("customer_id"),
        pl.Series("product_id", names.search_sorted(good["item"]), pl.Int64),
        pl.lit(1).alias("quantity"),
        (pl.col("user") + "@" + pl.col("at").dt.epoch("us").cast(pl.String)).alias("order_id"),
        pl.col("at").alias("occurred_at"),
        *(["weight"] if weight and at_least is None else []),
    )
    return Interactions(lines, names.to_list(), rows.height, bad, columns["time"] is not None)


def read_items(path: Path, item: str | None, names: Sequence[str], trait: str | None = None) -> pl.DataFrame:
    """What the file says of items, in the order of `names`: `FACTS` as far as they are there, and `trait` if named."""
    frame = _open(path)
    key = _column(frame, "item", item)
    coded = pl.DataFrame({"product_id": range(len(names)), "item": names}, schema_overrides={"product_id": pl.Int64})
    facts: list[pl.Expr] = [pl.col(name).cast(pl.String) for name in FACTS if name in frame.columns]
    if trait is not None:
        facts.append(pl.col(_named(frame, trait)).cast(pl.Float64, strict=False).alias("trait"))
    said = frame.select(pl.col(str(key)).cast(pl.String).str.strip_chars().alias("item"), *facts)
    return coded.join(said.unique("item", keep="last", maintain_order=True), on="item", how="left").drop("item")


def _open(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UnreadableFile(f"{path}: there is no such file")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
            return pl.read_csv(
                path,
                separator="\t" if path.suffix.lower() == ".tsv" else ",",
                infer_schema_length=10_000,
                ignore_errors=True,
            )
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise UnreadableFile(f"{path}: {str(error).splitlines()[0]}") from error
    raise UnreadableFile(f"{path}: is neither Parquet nor CSV by its name")


def _named(frame: pl.DataFrame, name: str) -> str:
    if name not in frame.columns:
        raise UnreadableFile(f"no column {name}; there are {', '.join(frame.columns)}")
    return name


def _column(frame: pl.DataFrame, role: str, name: str | None, is_needed: bool = True) -> str | None:
    if name is not None:
        return _named(frame, name)
    found = next((guess for guess in GUESSES[role] if guess in frame.columns), None)
    if found is None and is_needed:
        raise UnreadableFile(f"which column is the {role}? Say --{role}; there are {', '.join(frame.columns)}")
    return found


def _moment(frame: pl.DataFrame, name: str | None) -> pl.Expr:
    """UTC times from times, dates, epochs or text; the epoch itself where the file has no time."""
    if name is None:
        return pl.lit(0).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    column, kind = pl.col(name), frame.schema[name]
    if isinstance(kind, pl.Datetime):
        moment = column.cast(pl.Datetime("us", kind.time_zone))
        return moment.dt.convert_time_zone("UTC") if kind.time_zone else moment.dt.replace_time_zone("UTC")
    if kind == pl.Date:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind.is_numeric():
        seconds = pl.when(column > _MILLISECONDS).then(column / 1000).otherwise(column)
        return (seconds * 1_000_000).cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.cast(pl.String).str.to_datetime(strict=False, time_unit="us", time_zone="UTC")
