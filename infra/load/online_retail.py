"""`agora load online-retail`: a gift shop's dirty invoices become past orders, guests' orders and returns.

Ids are made from the source's, each chunk is one transaction: a load that was interrupted goes on where it stopped, and
a second one changes nothing. The times stay those of the source. The products are of the past as well: they are in
these orders and cannot be bought, for the shop sells in another currency.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from api.core.db import transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import BadRow, ProductImport
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport
from api.domains.ordering import facade as ordering
from api.domains.ordering.contracts import OrderImport, ReturnImport
from infra.load import invoices
from infra.load.invoices import GUEST_SOURCE, SOURCE, Invoices
from infra.load.meter import Meter

CURRENCY = "GBP"
PRODUCTS_AT_ONCE = 5_000
CUSTOMERS_AT_ONCE = 2_000
ORDERS_AT_ONCE = 1_000
MONEY = ("quantity", "unit_price_minor", "discount_minor", "total_minor")


@dataclass
class InvoiceReport:
    """What one load did. lines = order_lines + returns + refused; `new_…` count what was not there before."""

    lines: int
    order_lines: int
    returns: int
    refused: int
    reasons: dict[str, int]
    orders: int
    guest_orders: int
    customers: int
    products: int
    new_customers: int = 0
    new_products: int = 0
    new_orders: int = 0
    lines_per_second: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


async def load_invoices(folder: Path, *, report: Path | None = None, console: Console | None = None) -> InvoiceReport:
    """Load the file in `folder` and say what was done; `report` is where every refused line goes, with its reason.

    Raises FileNotFoundError, and ValueError for a file with other columns.
    """
    console, began = console or Console(), perf_counter()
    found = await asyncio.to_thread(lambda: invoices.judge(invoices.read(folder)))
    result = _counted(found)
    result.seconds["read"] = round(perf_counter() - began, 3)
    if report:
        await asyncio.to_thread(_write_refused, found.refused, report)
    meter = Meter(console, result.seconds)
    with meter.progress:
        await _load_customers(found, result, meter)
        ids = await _load_products(found, result, meter)
        await _load_orders(found, ids, result, meter)
    _print(result, console, report)
    return result


def _counted(found: Invoices) -> InvoiceReport:
    reasons = found.refused.group_by("field", "reason").len().sort("len", "reason", descending=True)
    orders = found.sales.unique("invoice")
    return InvoiceReport(
        lines=found.lines,
        order_lines=found.sales.height,
        returns=len(found.returns),
        refused=found.refused.height,
        reasons={f"{name} {reason}": count for name, reason, count in reasons.iter_rows()},
        orders=orders.height,
        guest_orders=orders["customer"].null_count(),
        customers=orders["customer"].drop_nulls().n_unique(),
        products=found.products.height,
    )


def _write_refused(refused: pl.DataFrame, path: Path) -> None:
    with catalog.Report(path) as bad:
        for row in refused.iter_rows():
            bad.add(BadRow(*row))


async def _load_customers(found: Invoices, result: InvoiceReport, meter: Meter) -> None:
    """The named ones, and a guest for each invoice without a name; nobody can sign in as any of them."""
    first = found.sales.sort("taken_at").unique(
        pl.coalesce(pl.col("customer").cast(pl.String), "invoice"), keep="first", maintain_order=True
    )
    rows = [
        CustomerImport(
            customer_id=invoices.customer_id_of(customer, invoice),
            email=invoices.email_of(customer, invoice),
            display_name="Guest" if customer is None else f"Customer {customer}",
            password_hash=None,
            source=GUEST_SOURCE if customer is None else SOURCE,
            age_band=None,
            income_band=None,
            household_size=None,
            registered_at=taken_at,
        )
        for customer, invoice, taken_at in first.select("customer", "invoice", "taken_at").iter_rows()
    ]

    async def work(chunk: Sequence[CustomerImport]) -> int:
        async with transaction() as session:
            return await identity.import_customers(session, chunk)

    result.new_customers = await meter.run("customers", rows, CUSTOMERS_AT_ONCE, work)


async def _load_products(found: Invoices, result: InvoiceReport, meter: Meter) -> dict[str, int]:
    """Code of the source → product id."""
    ids: dict[str, int] = {}

    async def work(chunk: Sequence[dict[str, Any]]) -> int:
        rows = [
            ProductImport(
                sku=invoices.sku_of(row["code"]),
                title=row["title"],
                department="Gifts",
                category="Gifts",
                product_type="Gifts",
                brand="",
                size=None,
                price_minor=row["price_minor"],
                currency=CURRENCY,
                is_active=False,
            )
            for row in chunk
        ]
        async with transaction() as session:
            outcome = await catalog.write_products(session, rows)
        ids.update({row["code"]: outcome.ids[invoices.sku_of(row["code"])] for row in chunk})
        return len(outcome.new)

    result.new_products = await meter.run("products", found.products.to_dicts(), PRODUCTS_AT_ONCE, work)
    return ids


async def _load_orders(found: Invoices, ids: dict[str, int], result: InvoiceReport, meter: Meter) -> None:
    returns = _returns(found)
    lines = found.sales.with_columns(
        product_id=pl.col("code").replace_strict(ids, return_dtype=pl.Int64), discount_minor=pl.lit(0, pl.Int64)
    )
    grouped = lines.group_by("invoice", "customer", "taken_at", maintain_order=True).agg("product_id", *MONEY)
    timed: list[tuple[int, float]] = []

    async def work(chunk: Sequence[tuple[Any, ...]]) -> int:
        began = perf_counter()
        orders = [
            OrderImport(
                order_id=invoices.order_id_of(invoice),
                customer_id=invoices.customer_id_of(customer, invoice),
                placed_at=taken_at,
                currency=CURRENCY,
                source=GUEST_SOURCE if customer is None else SOURCE,
                lines=tuple(zip(*columns, strict=True)),
                returns=tuple(returns.get(invoice, ())),
            )
            for invoice, customer, taken_at, *columns in chunk
        ]
        async with transaction() as session:
            new = await ordering.import_orders(session, orders)
        if new == len(orders):
            timed.append((sum(len(order.lines) for order in orders), perf_counter() - began))
        return new

    result.new_orders = await meter.run("orders", list(grouped.iter_rows()), ORDERS_AT_ONCE, work)
    if timed:
        result.lines_per_second = round(sum(count for count, _ in timed) / sum(seconds for _, seconds in timed))


def _returns(found: Invoices) -> dict[str, list[ReturnImport]]:
    """Invoice → its returns, one per cancellation, whose lines of the same line of the invoice are added up."""
    units: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    times: dict[tuple[str, str], datetime] = {}
    for each in found.returns:
        key = (each.invoice, each.cancellation)
        units[key][each.line_number] += each.quantity
        times[key] = max(each.returned_at, times.get(key, each.returned_at))
    returns: defaultdict[str, list[ReturnImport]] = defaultdict(list)
    for (invoice, cancellation), quantities in units.items():
        returns[invoice].append(
            ReturnImport(
                return_id=invoices.return_id_of(invoice, cancellation),
                quantities=tuple(sorted(quantities.items())),
                returned_at=times[invoice, cancellation],
                reason=f"Cancelled by {cancellation}",
            )
        )
    return returns


def _print(result: InvoiceReport, console: Console, report: Path | None) -> None:
    table = Table(title=f"Online Retail, {result.lines:,} lines", show_header=False)
    rate = f", {result.lines_per_second:,} lines a second" if result.lines_per_second else ""
    rows = {
        "customers": f"{result.customers:,} and {result.guest_orders:,} guests ({result.new_customers:,} new)",
        "products": f"{result.products:,} ({result.new_products:,} new)",
        "orders": f"{result.orders:,} ({result.new_orders:,} new{rate})",
        "their lines": f"{result.order_lines:,}",
        "returns": f"{result.returns:,}",
        "lines refused": f"{result.refused:,}",
    } | {f"  {reason}": f"{count:,}" for reason, count in result.reasons.items()}
    for name, value in rows.items():
        table.add_row(name, value)
    table.add_row("seconds", ", ".join(f"{name} {value:.1f}" for name, value in result.seconds.items()))
    console.print(table)
    console.print(f"The refused lines are in {report}." if report else "--report FILE writes down each refused line.")
