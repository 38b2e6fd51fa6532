"""Online Retail as data frames: a gift shop's invoice lines, read, judged line by line, cancellations matched.

No database here. A line that cannot be an order's or a return's is in `refused` with the field and the reason.
"""

import errno
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import polars as pl

SOURCE = "online_retail"
GUEST_SOURCE = "online_retail_guest"
NAMESPACE = UUID("0b7a3f4e-5a2c-5d0e-9a57-6c1d2b9e4f10")
FILE = "transactions_to_2011-08.parquet"
SHOP_TIME = "Europe/London"
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
HIGHEST_PRICE = 1_000  # pounds; the dearest thing on the shelves was 649.50
GOODS = r"^(\d{5}[A-Z]{0,2}|DCGS[A-Z0-9]+|PADS)$"
NO_MATCH = ("invoice_no", "cancels nothing that this customer had bought before")


@dataclass(frozen=True, slots=True)
class Returned:
    """Units of one line of an invoice that a later cancellation took back."""

    invoice: str
    line_number: int
    quantity: int
    returned_at: datetime
    cancellation: str


@dataclass(slots=True)
class _Bought:
    """A line that something may come back of; `left` counts down."""

    taken_at: datetime
    invoice: str
    line_number: int
    left: int


@dataclass(frozen=True, slots=True)
class Invoices:
    """What the file holds once it is judged.

    `sales`: line, invoice, line_number, code, quantity, unit_price_minor, total_minor, customer (null: a guest),
    taken_at (one per invoice), in the order of time. `refused`: line, sku, field, reason.
    """

    lines: int
    sales: pl.DataFrame
    products: pl.DataFrame
    returns: list[Returned]
    refused: pl.DataFrame


def customer_id_of(customer: int | None, invoice: str) -> UUID:
    """The same customer has the same id in every load; without a number each invoice has a guest of its own."""
    return uuid5(NAMESPACE, f"guest-{invoice}" if customer is None else f"customer-{customer}")


def order_id_of(invoice: str) -> UUID:
    """The same invoice has the same id in every load."""
    return uuid5(NAMESPACE, f"invoice-{invoice}")


def return_id_of(invoice: str, cancellation: str) -> UUID:
    """What one cancellation took back of one invoice has the same id in every load."""
    return uuid5(NAMESPACE, f"return-{invoice}-{cancellation}")


def email_of(customer: int | None, invoice: str) -> str:
    """An address in a domain that is reserved for examples."""
    return f"retail-guest-{invoice}@example.com" if customer is None else f"retail-{customer}@example.com"


def sku_of(code: str) -> str:
    """Code of the source → SKU."""
    return f"OR-{code}"


def read(folder: Path) -> pl.DataFrame:
    """The raw lines, numbered from 1. Raises FileNotFoundError, and ValueError for a file without these columns."""
    path = folder / FILE
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    rows = pl.read_parquet(path)
    if missing := [name for name in COLUMNS if name not in rows.columns]:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}")
    return rows.select(COLUMNS).with_row_index("line", 1)


def judge(rows: pl.DataFrame) -> Invoices:
    """Every raw line becomes a line of a sale, a return, or a refusal."""
    lines = _named(rows)
    problem = pl.coalesce(pl.when(test).then(pl.lit(number)) for number, (_, _, test) in enumerate(_PROBLEMS))
    lines = lines.with_columns(problem=problem)
    good = lines.filter(pl.col("problem").is_null()).with_columns(
        quantity=pl.col("quantity").cast(pl.Int64), unit_price_minor=pl.col("pence").cast(pl.Int64)
    )
    sales = _sales(good.filter(~pl.col("is_cancellation")))
    cancellations = good.filter("is_cancellation").with_columns(quantity=-pl.col("quantity"))
    returns, unmatched = match_returns(sales, cancellations)
    return Invoices(rows.height, sales, _products(good, sales), returns, _refused(lines, unmatched))


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    pence = (pl.col("UnitPrice") * 100).round(6)
    return rows.select(
        "line",
        invoice="InvoiceNo",
        is_cancellation=pl.col("InvoiceNo").str.starts_with("C").fill_null(value=False),
        code=pl.col("StockCode").str.strip_chars().str.to_uppercase(),
        description=pl.col("Description").str.replace_all(r"\s+", " ").str.strip_chars(),
        quantity=pl.col("Quantity").cast(pl.Float64).fill_nan(None),
        pence=pence.cast(pl.Float64).fill_nan(None),
        customer=pl.col("CustomerID").cast(pl.Float64).fill_nan(None).cast(pl.Int64),
        taken_at=pl.col("InvoiceDate")
        .dt.replace_time_zone(SHOP_TIME, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC"),
    )


def _unlike(column: str, pattern: str) -> pl.Expr:
    return ~pl.col(column).str.contains(pattern).fill_null(value=False)


_cancels = pl.col("is_cancellation")
_pence, _quantity = pl.col("pence"), pl.col("quantity")
# The first one that holds is the reason.
_PROBLEMS: tuple[tuple[str, str, pl.Expr], ...] = (
    ("invoice_no", "is neither an invoice nor a cancellation", _unlike("invoice", r"^C?\d{6}$")),
    ("stock_code", "is a charge, a voucher or a correction, not a product", _unlike("code", GOODS)),
    ("invoice_date", "is missing", pl.col("taken_at").is_null()),
    ("unit_price", "is missing", _pence.is_null()),
    ("unit_price", "is below zero", _pence < 0),
    ("unit_price", "is zero", _pence == 0),
    ("unit_price", "has parts of a penny", _pence != _pence.round()),
    ("unit_price", f"is above {HIGHEST_PRICE:,} pounds", _pence > HIGHEST_PRICE * 100),
    ("quantity", "is missing", _quantity.is_null()),
    ("quantity", "is not a whole number", _quantity != _quantity.round()),
    ("quantity", "is not above zero on an invoice", ~_cancels & (_quantity <= 0)),
    ("quantity", "is not below zero on a cancellation", _cancels & (_quantity >= 0)),
    ("customer_id", "is missing: nobody can tell what is taken back", _cancels & pl.col("customer").is_null()),
)


def _sales(good: pl.DataFrame) -> pl.DataFrame:
    """One time and one customer per invoice: those of its first line."""
    return (
        good.with_columns(
            taken_at=pl.col("taken_at").min().over("invoice"),
            customer=pl.col("customer").first().over("invoice"),
            line_number=pl.int_range(1, pl.len() + 1).over("invoice"),
            total_minor=pl.col("quantity") * pl.col("unit_price_minor"),
        )
        .sort("taken_at", "invoice", "line_number")
        .drop("is_cancellation", "problem", "pence")
    )


def match_returns(sales: pl.DataFrame, cancellations: pl.DataFrame) -> tuple[list[Returned], list[int]]:
    """Cancelled lines → returns, and the numbers of those lines that fit nothing.

    A cancellation fits the latest earlier line of the same customer, product and price that has as many units left.
    """
    key = ["customer", "code", "unit_price_minor"]
    bought: defaultdict[tuple[Any, ...], list[_Bought]] = defaultdict(list)
    earlier = sales.join(cancellations.select(key).unique(), on=key, how="semi", maintain_order="left")
    for *of, taken_at, invoice, number, quantity in earlier.select(
        *key, "taken_at", "invoice", "line_number", "quantity"
    ).iter_rows():
        bought[tuple(of)].append(_Bought(taken_at, invoice, number, quantity))
    returns, unmatched = [], []
    for *of, returned_at, cancellation, quantity, line in (
        cancellations.sort("taken_at", "line").select(*key, "taken_at", "invoice", "quantity", "line").iter_rows()
    ):
        for entry in reversed(bought[tuple(of)]):
            if entry.taken_at <= returned_at and entry.left >= quantity:
                entry.left -= quantity
                returns.append(Returned(entry.invoice, entry.line_number, quantity, returned_at, cancellation))
                break
        else:
            unmatched.append(line)
    return returns, unmatched


def _products(good: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Per code that was sold: the description used most, and the last price."""
    described = (
        good.filter(pl.col("description").is_not_null(), pl.col("description") != "")
        .group_by("code", pl.col("description").str.to_lowercase())
        .len()
        .sort("len", "description", descending=[True, False])
        .group_by("code", maintain_order=True)
        .agg(pl.col("description").first())
    )
    priced = sales.group_by("code", maintain_order=True).agg(price_minor=pl.col("unit_price_minor").last())
    return (
        priced.join(described, on="code", how="left")
        .with_columns(title=pl.coalesce("description", "code"))
        .with_columns(pl.col("title").str.slice(0, 1).str.to_uppercase() + pl.col("title").str.slice(1))
        .select("code", "price_minor", "title")
        .sort("code")
    )


def _refused(lines: pl.DataFrame, unmatched: Iterable[int]) -> pl.DataFrame:
    fields = pl.Series([field for field, _, _ in _PROBLEMS] + [NO_MATCH[0]])
    reasons = pl.Series([reason for _, reason, _ in _PROBLEMS] + [NO_MATCH[1]])
    none = pl.col("line").is_in(list(unmatched))
    number = pl.when(none).then(len(_PROBLEMS)).otherwise("problem").cast(pl.UInt32)
    bad = lines.with_columns(problem=number).filter(pl.col("problem").is_not_null())
    return bad.select(
        "line",
        sku=pl.col("code").fill_null(""),
        field=fields.gather(bad["problem"]),
        reason=reasons.gather(bad["problem"]),
    )
