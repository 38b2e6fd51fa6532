"""`agora load complete-journey`: a year of a supermarket chain becomes catalogue, customers, stock and past orders.

Everything goes through the domains' own bulk doors, outbox included. Ids are made from the source's, each chunk is one
transaction: a load that was interrupted goes on where it stopped, and a second one changes nothing.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from api.core.db import transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport
from api.domains.inventory import facade as inventory
from api.domains.ordering import facade as ordering
from api.domains.ordering.contracts import OrderImport
from infra.load import journey
from infra.load.journey import SOURCE, Skipped
from infra.load.meter import Meter

CURRENCY = "USD"
PRODUCTS_AT_ONCE = 10_000
ORDERS_AT_ONCE = 2_000


@dataclass
class LoadReport:
    """What one load did. `new_…` count what was not there before; `lines_per_second` is of the orders that were new."""

    weeks: int
    shift_days: int = 0
    households: int = 0
    products: int = 0
    orders: int = 0
    lines: int = 0
    new_customers: int = 0
    new_stock: int = 0
    new_orders: int = 0
    lines_per_second: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a JSON report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Basket:
    """One real basket, for the replay: who, when (already moved to our time), and (SKU, quantity)."""

    email: str
    taken_at: datetime
    lines: tuple[tuple[str, int], ...]


async def load(weeks: int | None = None, *, console: Console | None = None, now: datetime | None = None) -> LoadReport:
    """Load the first `weeks` weeks (1…53, None = all) and print what was done.

    The first load of all decides by how many weeks the past is moved: such that its last day lies within the last seven
    days. Orders that would then lie in the future are left for a later load. Raises ValueError for other `weeks`.
    """
    report = LoadReport(journey.check_weeks(weeks))
    console, now = console or Console(), now or datetime.now(UTC)
    skipped, began = Skipped(), perf_counter()
    all_lines, households = await asyncio.gather(
        asyncio.to_thread(journey.purchase_lines, Skipped()), asyncio.to_thread(journey.households)
    )
    products = journey.products(all_lines, skipped)
    lines = journey.purchase_lines(skipped, last_week=report.weeks)
    report.shift_days = await _shift_days(report.weeks, now)
    lines = _past(lines, report.shift_days, now, skipped)
    report.seconds["read"] = round(perf_counter() - began, 3)
    report.households, report.products, report.lines = households.height, products.height, lines.height
    meter = Meter(console, report.seconds)
    with meter.progress:
        await _load_customers(households, now, report, meter)
        ids = await _load_products(products, report, meter)
        await _load_orders(lines, ids, report, meter)
    report.skipped = skipped.counts
    _print(report, console)
    return report


def later_baskets(weeks: int, days: int, shift_days: int = 0) -> list[Basket]:
    """The baskets of the `days` days that follow the first `weeks` weeks, in the order of time.

    Without what the web does not sell: those lines could not be ordered again.
    """
    start = journey.end_of_week(journey.check_weeks(weeks))
    last = min(journey.WEEKS, weeks + days // 7 + 1)
    lines = journey.purchase_lines(Skipped(), weeks + 1, last) if weeks < journey.WEEKS else None
    if lines is None:
        return []
    lines = lines.filter(
        pl.col("taken_at") < start + timedelta(days=days), ~pl.col("product_id").is_in(journey.unsold_online())
    )
    return [
        Basket(
            journey.email_of(household_id),
            taken_at + timedelta(days=shift_days),
            tuple(zip(map(journey.sku_of, product_ids), quantities, strict=True)),
        )
        for _, household_id, taken_at, product_ids, quantities in _baskets(lines, "product_id", "quantity")
    ]


def demo_password_file() -> Path:
    """Where the one password of all loaded customers lies; nobody but the owner may read it."""
    return Path(os.environ.get("AGORA_LOCAL_DIR", "var/local")) / "demo-password"


def demo_password() -> str:
    """The password with which every loaded household signs in: random, made once per local stack."""
    path = demo_password_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    password = secrets.token_urlsafe(18)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
    return password


async def _shift_days(weeks: int, now: datetime) -> int:
    """The shift of the first load; this load's own when it is the first."""
    values = {"source": SOURCE, "shift_days": journey.shift_for(weeks, now)}
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO core.imports (source, shift_days) VALUES (:source, :shift_days) ON CONFLICT DO NOTHING"),
            values,
        )
        found = await session.execute(text("SELECT shift_days FROM core.imports WHERE source = :source"), values)
        return int(found.scalar_one())


def _past(lines: pl.DataFrame, shift_days: int, now: datetime, skipped: Skipped) -> pl.DataFrame:
    moved = lines.with_columns(pl.col("taken_at") + timedelta(days=shift_days))
    past = moved.filter(pl.col("taken_at") <= now)
    skipped.add("line that still lies in the future: load again later", moved.height - past.height)
    return past


async def _load_customers(households: pl.DataFrame, now: datetime, report: LoadReport, meter: Meter) -> None:
    password_hash = await asyncio.to_thread(identity.hash_password, demo_password())
    rows = [
        CustomerImport(
            customer_id=journey.customer_id_of(row["household_id"]),
            email=journey.email_of(row["household_id"]),
            display_name=f"Household {row['household_id']}",
            password_hash=password_hash,
            source=SOURCE,
            age_band=row["age_band"],
            income_band=row["income_band"],
            household_size=row["household_size"],
            registered_at=min(row["first_taken_at"] + timedelta(days=report.shift_days), now),
        )
        for row in households.iter_rows(named=True)
    ]

    async def work(chunk: Sequence[CustomerImport]) -> int:
        async with transaction() as session:
            return await identity.import_customers(session, chunk)

    report.new_customers = await meter.run("customers", rows, 1_000, work)


async def _load_products(products: pl.DataFrame, report: LoadReport, meter: Meter) -> dict[int, int]:
    """Products and their opening stock; returns number in the source → product id."""
    ids: dict[int, int] = {}

    async def work(chunk: Sequence[dict[str, Any]]) -> int:
        imports = [
            ProductImport(
                sku=journey.sku_of(row["product_id"]),
                currency=CURRENCY,
                **{name: row[name] for name in PRODUCT_FIELDS},
            )
            for row in chunk
        ]
        async with transaction() as session:
            by_sku = await catalog.import_products(session, imports)
            found = {row["product_id"]: by_sku[journey.sku_of(row["product_id"])] for row in chunk}
            ids.update(found)
            stock = [(found[row["product_id"]], row["opening_stock"]) for row in chunk]
            return await inventory.receive_many(session, stock)

    report.new_stock = await meter.run("products and stock", products.to_dicts(), PRODUCTS_AT_ONCE, work)
    return ids


PRODUCT_FIELDS = ("title", "department", "category", "product_type", "brand", "size", "price_minor", "is_active")
MONEY = ("unit_price_minor", "discount_minor", "total_minor")


async def _load_orders(lines: pl.DataFrame, ids: dict[int, int], report: LoadReport, meter: Meter) -> None:
    ours = lines.with_columns(pl.col("product_id").replace_strict(ids, return_dtype=pl.Int64))
    baskets = list(_baskets(ours, "product_id", "quantity", *MONEY))
    report.orders = len(baskets)
    timed: list[tuple[int, float]] = []

    async def work(chunk: Sequence[tuple[Any, ...]]) -> int:
        began = perf_counter()
        orders = [
            OrderImport(
                order_id=journey.order_id_of(basket_id),
                customer_id=journey.customer_id_of(household_id),
                placed_at=taken_at,
                currency=CURRENCY,
                source=SOURCE,
                lines=tuple(zip(*columns, strict=True)),
            )
            for basket_id, household_id, taken_at, *columns in chunk
        ]
        async with transaction() as session:
            new = await ordering.import_orders(session, orders)
        if new == len(orders):
            timed.append((sum(len(order.lines) for order in orders), perf_counter() - began))
        return new

    report.new_orders = await meter.run("orders", baskets, ORDERS_AT_ONCE, work)
    if timed:
        report.lines_per_second = round(sum(count for count, _ in timed) / sum(seconds for _, seconds in timed))


def _baskets(lines: pl.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """(basket_id, household_id, taken_at, a list per column), in the order of time."""
    grouped = lines.group_by("basket_id", "household_id", "taken_at", maintain_order=True).agg(columns)
    return grouped.iter_rows()


def _print(report: LoadReport, console: Console) -> None:
    table = Table(title=f"Complete Journey, {report.weeks} weeks, moved by {report.shift_days} days", show_header=False)
    rows = {
        "customers": f"{report.households:,} ({report.new_customers:,} new)",
        "products": f"{report.products:,} ({report.new_stock:,} with new stock)",
        "orders": f"{report.orders:,} ({report.new_orders:,} new)",
        "purchase lines": f"{report.lines:,}"
        + (f" ({report.lines_per_second:,} a second)" if report.new_orders else ""),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    for reason, count in report.skipped.items():
        table.add_row(reason, f"{count:,}")
    table.add_row("seconds", ", ".join(f"{name} {value:.1f}" for name, value in report.seconds.items()))
    console.print(table)
