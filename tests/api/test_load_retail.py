"""`agora load online-retail`: dirty invoices as past orders, guests and returns; every line is somewhere."""

from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from sqlalchemy import text

from api.core.db import Database
from infra.load import invoices
from infra.load.online_retail import InvoiceReport, load_invoices

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the Online Retail data are not in ../shared/data")
COUNTS = """
    SELECT (SELECT count(*) FROM identity.customers), (SELECT count(*) FROM catalog.products),
        (SELECT count(*) FROM ordering.orders), (SELECT count(*) FROM ordering.order_lines),
        (SELECT count(*) FROM ordering.return_lines), (SELECT count(*) FROM core.outbox)
"""

LINES = [
    # a named customer: two lines, of which the first comes back in two parts and the second whole
    ("536365", "85123a", " HEART  holder ", 6.0, "2010-12-01 08:26", 2.55, 17850.0),
    ("536365", "71053", "LANTERN", 2.0, "2010-12-01 08:26", 3.39, 17850.0),
    ("C536400", "85123A", "HEART HOLDER", -1.0, "2010-12-02 09:00", 2.55, 17850.0),
    ("C536401", "85123A", "HEART HOLDER", -5.0, "2010-12-03 09:00", 2.55, 17850.0),
    ("C536402", "71053", "LANTERN", -2.0, "2010-12-04 09:00", 3.39, 17850.0),
    # fits nothing: more than is left, another price, another customer, before it was bought
    ("C536403", "71053", "LANTERN", -1.0, "2010-12-05 09:00", 3.39, 17850.0),
    ("C536404", "85123A", "HEART", -1.0, "2010-12-05 09:00", 9.99, 17850.0),
    ("C536405", "85123A", "HEART", -1.0, "2010-12-05 09:00", 2.55, 11111.0),
    ("C536300", "71053", "LANTERN", -1.0, "2010-11-01 09:00", 3.39, 17850.0),
    # a guest's order and a guest's cancellation
    ("536500", "71053", "LANTERN", 1.0, "2010-12-06 09:00", 3.39, None),
    ("C536501", "71053", "LANTERN", -1.0, "2010-12-07 09:00", 3.39, None),
    # partly returned
    ("536600", "71053", None, 4.0, "2011-06-01 09:00", 3.00, 17850.0),
    ("C536601", "71053", None, -3.0, "2011-06-02 09:00", 3.00, 17850.0),
    # dirt
    ("A563185", "B", "Adjust bad debt", 1.0, "2011-08-12 00:00", -11062.06, None),
    ("536700", "POST", "POSTAGE", 1.0, "2011-08-12 00:00", 18.0, 12345.0),
    ("536700", "BANK CHARGES", "Bank Charges", 1.0, "2011-08-12 00:00", 18.0, 12345.0),
    ("536700", "gift_0001_20", "Voucher", 1.0, "2011-08-12 00:00", 18.0, 12345.0),
    ("536700", None, None, 1.0, "2011-08-12 00:00", 18.0, 12345.0),
    ("536700", "71053", "LANTERN", 1.0, None, 3.39, 12345.0),
    ("536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", None, 12345.0),
    ("536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", float("nan"), 12345.0),
    ("536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", -1.0, 12345.0),
    ("536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", 0.0, 12345.0),
    ("536700", "PADS", "PADS", 1.0, "2011-08-12 00:00", 0.001, 12345.0),
    ("536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", 1000.01, 12345.0),
    ("536700", "71053", "LANTERN", None, "2011-08-12 00:00", 3.39, 12345.0),
    ("536700", "71053", "LANTERN", 1.5, "2011-08-12 00:00", 3.39, 12345.0),
    ("536700", "71053", "LANTERN", -1.0, "2011-08-12 00:00", 3.39, 12345.0),
    ("C536700", "71053", "LANTERN", 1.0, "2011-08-12 00:00", 3.39, 12345.0),
]
REFUSED = [
    "6,71053,invoice_no,cancels nothing that this customer had bought before",
    "7,85123A,invoice_no,cancels nothing that this customer had bought before",
    "8,85123A,invoice_no,cancels nothing that this customer had bought before",
    "9,71053,invoice_no,cancels nothing that this customer had bought before",
    "11,71053,customer_id,is missing: nobody can tell what is taken back",
    "14,B,invoice_no,is neither an invoice nor a cancellation",
    '15,POST,stock_code,"is a charge, a voucher or a correction, not a product"',
    '16,BANK CHARGES,stock_code,"is a charge, a voucher or a correction, not a product"',
    '17,GIFT_0001_20,stock_code,"is a charge, a voucher or a correction, not a product"',
    '18,,stock_code,"is a charge, a voucher or a correction, not a product"',
    "19,71053,invoice_date,is missing",
    "20,71053,unit_price,is missing",
    "21,71053,unit_price,is missing",
    "22,71053,unit_price,is below zero",
    "23,71053,unit_price,is zero",
    "24,PADS,unit_price,has parts of a penny",
    '25,71053,unit_price,"is above 1,000 pounds"',
    "26,71053,quantity,is missing",
    "27,71053,quantity,is not a whole number",
    "28,71053,quantity,is not above zero on an invoice",
    "29,71053,quantity,is not below zero on a cancellation",
]


def write(folder: Path, rows: list[tuple[Any, ...]]) -> None:
    schema = {
        "InvoiceNo": pl.String, "StockCode": pl.String, "Description": pl.String, "Quantity": pl.Float64,
        "InvoiceDate": pl.String, "UnitPrice": pl.Float64, "CustomerID": pl.Float64,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    frame.with_columns(pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M", time_unit="us")).write_parquet(
        folder / invoices.FILE
    )


async def quietly(folder: Path, report: Path | None = None) -> tuple[InvoiceReport, str]:
    screen = StringIO()
    return await load_invoices(folder, report=report, console=Console(file=screen, width=160)), screen.getvalue()


async def counts(database: Database) -> list[int]:
    async with database.transaction() as session:
        found = await session.execute(text(COUNTS))
        return list(found.one())


async def rows_of(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_every_kind_of_dirt(rolled_back: Database, tmp_path: Path) -> None:
    write(tmp_path, LINES)
    result, screen = await quietly(tmp_path, tmp_path / "refused.csv")
    assert (tmp_path / "refused.csv").read_text().splitlines() == ["line,sku,field,reason", *REFUSED]
    assert (result.lines, result.order_lines, result.returns, result.refused) == (29, 4, 4, 21)
    assert result.lines == result.order_lines + result.returns + result.refused
    assert (result.orders, result.guest_orders, result.customers, result.products) == (3, 1, 1, 2)
    assert "invoice_no cancels nothing" in screen
    orders = "SELECT status, source, total_minor, currency::text, placed_at FROM ordering.orders ORDER BY placed_at"
    assert [row[:4] for row in await rows_of(rolled_back, orders)] == [
        ("returned", "online_retail", 2208, "GBP"),
        ("delivered", "online_retail_guest", 339, "GBP"),
        ("partially_returned", "online_retail", 1200, "GBP"),
    ]
    summer = (await rows_of(rolled_back, orders))[2][4]
    assert summer.hour == 8  # nine in London is eight in UTC
    history = "SELECT kind, to_status, reason FROM ordering.order_history ORDER BY happened_at"
    assert await rows_of(rolled_back, history) == [
        ("returned", "partially_returned", "Cancelled by C536400"),
        ("returned", None, "Cancelled by C536401"),
        ("returned", "returned", "Cancelled by C536402"),
        ("returned", "partially_returned", "Cancelled by C536601"),
    ]
    returns = """
        SELECT r.status, r.refund_minor, l.line_number, l.quantity, o.refunded_minor FROM ordering.returns r
        JOIN ordering.return_lines l USING (return_id) JOIN ordering.orders o USING (order_id) ORDER BY settled_at
    """
    assert await rows_of(rolled_back, returns) == [
        ("received", 255, 1, 1, 2208),
        ("received", 1275, 1, 5, 2208),
        ("received", 678, 2, 2, 2208),
        ("received", 900, 1, 3, 900),
    ]
    products = "SELECT sku, title, price_minor, is_active FROM catalog.products ORDER BY sku"
    assert await rows_of(rolled_back, products) == [
        ("OR-71053", "Lantern", 300, False),
        ("OR-85123A", "Heart holder", 255, False),
    ]
    sources = "SELECT source, email FROM identity.customers ORDER BY source"
    assert await rows_of(rolled_back, sources) == [
        ("online_retail", "retail-17850@example.com"),
        ("online_retail_guest", "retail-guest-536500@example.com"),
    ]


async def test_loading_again_changes_nothing(rolled_back: Database, tmp_path: Path) -> None:
    write(tmp_path, LINES)
    await quietly(tmp_path)
    before = await counts(rolled_back)
    again, screen = await quietly(tmp_path)
    assert (again.new_customers, again.new_products, again.new_orders) == (0, 0, 0)
    assert await counts(rolled_back) == before
    assert "--report FILE" in screen


async def test_a_file_that_is_not_there_or_is_another_one(rolled_back: Database, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        await quietly(tmp_path)
    assert refused.value.filename == str(tmp_path / invoices.FILE)
    pl.DataFrame({"InvoiceNo": ["1"]}).write_parquet(tmp_path / invoices.FILE)
    with pytest.raises(ValueError, match="has no column StockCode, Description"):
        await quietly(tmp_path)


@real
def test_the_figures_are_those_of_the_raw_file() -> None:
    """Counted here by other means: filters over the raw columns, one after the other."""
    raw = pl.read_parquet(REAL / invoices.FILE)
    found = invoices.judge(invoices.read(REAL))
    assert found.lines == raw.height == found.sales.height + len(found.returns) + found.refused.height
    goods = raw.filter(
        pl.col("InvoiceNo").str.slice(0, 1).is_in(["5", "C"]),
        pl.col("StockCode").str.contains("^[0-9]{5}") | pl.col("StockCode").str.starts_with("DCGS"),
        pl.col("UnitPrice") >= 0.01,
    )
    bought = goods.filter(pl.col("Quantity") > 0)
    assert found.sales.height == bought.height
    assert found.sales["invoice"].n_unique() == bought["InvoiceNo"].n_unique()
    assert found.sales["code"].n_unique() == bought["StockCode"].str.to_uppercase().n_unique()
    guests = bought.filter(pl.col("CustomerID").is_null())["InvoiceNo"].n_unique()
    assert found.sales.filter(pl.col("customer").is_null())["invoice"].n_unique() == guests
    assert found.sales["total_minor"].sum() == round(float((bought["Quantity"] * bought["UnitPrice"]).sum()) * 100)
    taken_back = goods.filter(pl.col("InvoiceNo").str.starts_with("C"), pl.col("CustomerID").is_not_null())
    unmatched = found.refused.filter(pl.col("reason") == invoices.NO_MATCH[1]).height
    assert len(found.returns) + unmatched == taken_back.height
    key = ["CustomerID", "StockCode", "UnitPrice"]
    first = bought.group_by(key).agg(pl.col("InvoiceDate").min().alias("first"), pl.col("Quantity").max().alias("most"))
    hopeless = taken_back.join(first, on=key, how="left").filter(
        pl.col("first").is_null() | (pl.col("first") > pl.col("InvoiceDate")) | (pl.col("most") < -pl.col("Quantity"))
    )
    assert hopeless.height <= unmatched <= hopeless.height * 1.2


@real
def test_nothing_comes_back_that_was_not_bought_before() -> None:
    found = invoices.judge(invoices.read(REAL))
    back = pl.DataFrame(
        [(each.invoice, each.line_number, each.quantity, each.returned_at) for each in found.returns],
        schema=["invoice", "line_number", "back", "returned_at"],
        orient="row",
    )
    per_line = back.group_by("invoice", "line_number").agg(pl.col("back").sum(), pl.col("returned_at").min())
    both = per_line.join(found.sales, on=["invoice", "line_number"])
    assert both.height == per_line.height > 1000
    assert both.filter((pl.col("back") > pl.col("quantity")) | (pl.col("returned_at") < pl.col("taken_at"))).is_empty()


@real
async def test_a_slice_of_the_real_file_comes_once(rolled_back: Database, tmp_path: Path) -> None:
    pl.read_parquet(REAL / invoices.FILE).head(20_000).write_parquet(tmp_path / invoices.FILE)
    result, _ = await quietly(tmp_path)
    assert result.new_orders == result.orders > 700
    before = await counts(rolled_back)
    assert before[3] == result.order_lines
    assert 40 < before[4] <= result.returns
    again, _ = await quietly(tmp_path)
    assert (again.new_customers, again.new_products, again.new_orders) == (0, 0, 0)
    assert await counts(rolled_back) == before
