"""What a training tells the shop about people: respectful of their word, and silent about single ones."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.recommendations import interactions
from ml.recommendations.export import FEWEST_PEOPLE, Said, bought_again, of_segments

START = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Said(
    pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.Int64}),
    pl.DataFrame(
        schema={"customer_id": pl.String, "reset_id": pl.String, "reset_at": pl.Datetime("us", "UTC")},
    ),
    pl.DataFrame(schema={"customer_id": pl.String, "segment": pl.String}),
)


def lines(*rows: tuple[str, int, int]) -> pl.DataFrame:
    """(customer, product, day of the order)."""
    return pl.DataFrame(
        [(customer, product, 1, f"{customer}-{day}", START + timedelta(days=day)) for customer, product, day in rows],
        schema={
            "customer_id": pl.String,
            "product_id": pl.Int64,
            "quantity": pl.Int64,
            "order_id": pl.String,
            "occurred_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )


def kept(said: Said, bought: pl.DataFrame) -> list[tuple[str, int]]:
    return sorted(said.respected(bought).select("customer_id", "product_id").iter_rows())


def test_who_said_nothing_keeps_everything() -> None:
    bought = lines(("ann", 1, 0), ("ann", 2, 1))
    assert kept(NOTHING, bought) == [("ann", 1), ("ann", 2)]
    assert NOTHING.respected(bought).columns == bought.columns


def test_what_was_taken_out_is_gone_for_that_person_alone() -> None:
    removed = pl.DataFrame({"customer_id": ["ann"], "product_id": [1]})
    said = Said(removed, NOTHING.resets, NOTHING.segments)
    assert kept(said, lines(("ann", 1, 0), ("ann", 2, 1), ("ben", 1, 0))) == [("ann", 2), ("ben", 1)]


def test_a_reset_leaves_what_came_after_it() -> None:
    at = START + timedelta(days=5)
    resets = pl.DataFrame({"customer_id": ["ann"], "reset_id": ["r"], "reset_at": [at]}, schema=NOTHING.resets.schema)
    said = Said(NOTHING.removed, resets, NOTHING.segments)
    assert kept(said, lines(("ann", 1, 4), ("ann", 2, 5), ("ann", 3, 6), ("ben", 1, 0))) == [("ann", 3), ("ben", 1)]


def test_types_that_come_back_are_bought_again_with_all_their_products() -> None:
    bought = lines(("ann", 1, 0), ("ann", 1, 7), ("ben", 2, 0), ("ann", 3, 0), ("ben", 3, 0), ("ben", 3, 0))
    products = pl.DataFrame({"product_id": [1, 2, 3, 4], "product_type": ["milk", "milk", "kettle", "milk"]})
    ids, shares = bought_again(bought, products)
    assert ids.tolist() == [1, 2, 4]
    assert shares.tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("people", "lists"), [(FEWEST_PEOPLE - 1, 0), (FEWEST_PEOPLE, 1)])
def test_a_segment_has_a_list_once_it_has_enough_people(people: int, lists: int) -> None:
    names = [f"c{number:02}" for number in range(people)]
    purchases = interactions.build(
        lines(*((name, 1, 0) for name in names), *((name, 2, 0) for name in names[:3]), ("other", 3, 0), ("c00", 2, 0))
    )
    segments = pl.DataFrame({"customer_id": [*names, "other"], "segment": ["two"] * people + ["one"]})
    found = of_segments(purchases, segments)
    assert len(found) == lists
    if found:
        ids, scores = found["segment:two"]
        assert ids.tolist() == [1, 2]
        assert scores.tolist() == pytest.approx([1.0, 3 / people])
