"""The Complete Journey as data frames: names for people, money that adds up, nothing left out in silence."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.load import journey
from infra.load.complete_journey import later_baskets
from infra.load.journey import Skipped
from infra.load.titles import build_title, humanise, humanise_size

WEEKS = 3


@pytest.fixture(scope="module")
def skipped() -> Skipped:
    return Skipped()


@pytest.fixture(scope="module")
def lines(skipped: Skipped) -> pl.DataFrame:
    return journey.purchase_lines(skipped, last_week=WEEKS)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("FRZN ICE", "Frozen ice"),
        ("ICE - CRUSHED/CUBED", "Ice, crushed/cubed"),
        ("BREAD:ITALIAN/FRENCH", "Bread, Italian/French"),
        ("CANDY BAGS-CHOCOCLATE", "Candy bags, chocolate"),
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy bars (singles)"),
        ("FRZN SS PREMIUM ENTREES/DNRS/N", "Frozen single serve premium entrees/dinners"),
        ("APPLES OTHER (BULK&BAG)", "Apples other (bulk & bag)"),
        ("DRUG GM", "Drugstore & general goods"),
        ("CHILDRENS`S BOOKS", "Childrens's books"),
        ("  ", "Miscellaneous"),
        (None, "Miscellaneous"),
    ],
)
def test_shorthand_becomes_words(raw: str | None, words: str) -> None:
    assert humanise(raw) == words


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        ("22 LB", "22 lb"),
        ("12 PK/12 OZ", "12 pack/12 oz"),
        ("AB    8 OZ", "8 oz"),
        ("2 L*", "2 L"),
        ("?", None),
        (None, None),
    ],
)
def test_sizes(raw: str | None, size: str | None) -> None:
    assert humanise_size(raw) == size


def test_titles() -> None:
    assert build_title("Ice, crushed/cubed", "Frozen ice", "22 lb", "National", False) == "Ice, crushed/cubed · 22 lb"
    assert build_title("Traditional", "Frozen pizza", "12 oz", "Private", False) == (
        "Frozen pizza, traditional · own brand · 12 oz"
    )
    assert build_title("Miscellaneous", "Miscellaneous", None, "National", False) == "Miscellaneous"
    assert build_title("Gasoline-regular unleaded", "Fuel", None, "National", True).endswith("per gallon")


@given(st.text(max_size=40))
@example("0\x1f")
def test_any_name_becomes_one(raw: str) -> None:
    words = humanise(raw)
    assert words == words.strip()
    assert words


def test_money_adds_up_on_every_line(lines: pl.DataFrame) -> None:
    wrong = lines.filter(
        pl.col("quantity") * pl.col("unit_price_minor") - pl.col("discount_minor") != pl.col("total_minor")
    )
    assert wrong.is_empty()
    assert lines.select(pl.min_horizontal("discount_minor", "total_minor").min()).item() == 0
    assert lines.select(pl.min_horizontal("quantity", "unit_price_minor").min()).item() >= 1


def test_the_paid_amount_is_the_source_s(lines: pl.DataFrame) -> None:
    source = journey.read("transactions").filter(pl.col("week") <= WEEKS).collect()
    both = lines.join(source, on=["basket_id", "product_id"], how="inner")
    assert both.height == lines.height
    paid = ((both["sales_value"] - both["coupon_disc"]) * 100).round().clip(lower_bound=0)
    assert (paid.cast(pl.Int64) == both["total_minor"]).all()


def test_every_line_is_taken_or_counted(lines: pl.DataFrame, skipped: Skipped) -> None:
    source = journey.read("transactions").filter(pl.col("week") <= WEEKS).select(pl.len()).collect().item()
    left_out = sum(count for reason, count in skipped.counts.items() if reason.startswith("line "))
    assert left_out > 0
    assert lines.height + left_out == source


def test_fuel_is_sold_by_the_gallon(lines: pl.DataFrame) -> None:
    fuel = journey.read("products").filter(pl.col("product_type") == journey.FUEL).select("product_id").collect()
    filled = lines.join(fuel, on="product_id", how="semi")
    assert filled["quantity"].max() <= 60
    assert 150 < filled["unit_price_minor"].median() < 400


def test_the_catalogue_is_whole(lines: pl.DataFrame) -> None:
    skipped = Skipped()
    products = journey.products(lines, skipped)
    assert products.height == 92_331
    assert products.select(pl.exclude("size").null_count()).sum_horizontal().item() == 0
    assert products["price_minor"].min() >= journey.LEAST_PRICE
    assert (products["opening_stock"].min(), products["opening_stock"].max()) >= (5, 5)
    inactive = products.filter(~pl.col("is_active"))
    assert sorted(inactive["product_id"].to_list()) == sorted(journey.unsold_online())
    assert products.filter(pl.col("title").str.starts_with("Ice, crushed/cubed · 22 lb")).height > 0
    assert sum(skipped.counts.values()) > 0


@given(st.integers(1, 53), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_shift_keeps_weekdays_and_ends_in_the_last_seven_days(week: int, now: datetime) -> None:
    days = journey.shift_for(week, now)
    assert days % 7 == 0
    assert timedelta(0) <= now - (journey.end_of_week(week) + timedelta(days=days)) < timedelta(days=7)


def test_ids_are_always_the_same() -> None:
    assert journey.order_id_of(31198570044) == journey.order_id_of(31198570044)
    assert len({journey.customer_id_of(n) for n in range(100)} | {journey.order_id_of(n) for n in range(100)}) == 200


@pytest.mark.parametrize("weeks", [0, 54, -1])
def test_a_week_that_is_not_there_is_refused(weeks: int) -> None:
    with pytest.raises(ValueError, match="1 to 53"):
        journey.check_weeks(weeks)


def test_later_baskets_are_those_of_the_following_days() -> None:
    baskets = later_baskets(WEEKS, 2)
    start = journey.end_of_week(WEEKS)
    assert baskets
    assert all(start <= basket.taken_at < start + timedelta(days=2) for basket in baskets)
    assert [basket.taken_at for basket in baskets] == sorted(basket.taken_at for basket in baskets)
    unsold = {journey.sku_of(number) for number in journey.unsold_online()}
    assert all(quantity > 0 and sku not in unsold for basket in baskets for sku, quantity in basket.lines)
    moved = later_baskets(WEEKS, 2, shift_days=7)
    assert moved[0].taken_at - baskets[0].taken_at == timedelta(days=7)
    assert later_baskets(53, 5) == []
