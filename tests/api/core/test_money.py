"""Money: sums that stay whole, whatever is split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.money import CurrencyMismatch, Money, allocate, minor_of, share

AMOUNTS = st.integers(-(2**50), 2**50)
WEIGHTS = st.lists(st.integers(0, 2**40), min_size=1, max_size=50)


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_to_the_whole_and_are_fair(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 2**40), WEIGHTS)
def test_no_part_is_more_than_its_weight(amount: int, weights: list[int]) -> None:
    if amount <= sum(weights):
        assert all(part <= weight for part, weight in zip(allocate(amount, weights), weights, strict=True))


def test_the_first_of_equals_gets_the_rest() -> None:
    assert Money(100, "USD").allocate([1, 1, 1]) == (Money(34, "USD"), Money(33, "USD"), Money(33, "USD"))
    assert allocate(-5, [0, 0]) == [-3, -2]
    with pytest.raises(ValueError, match="weights"):
        allocate(1, [])


@pytest.mark.parametrize(("amount", "expected"), [(5, 2), (15, 8), (25, 12), (24, 12), (26, 13)])
def test_halves_go_to_the_even_side(amount: int, expected: int) -> None:
    assert share(amount, 1, 2) == expected


def test_currencies_do_not_mix_and_are_shown_in_their_own_units() -> None:
    assert Money(129900, "USD").show() == "$1,299.00"
    assert Money(500, "JPY").show() == "¥500"
    assert Money(2, "USD") * 3 - Money(1, "USD") == Money(5, "USD")
    assert Money(1, "USD") < Money(2, "USD")
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(ValueError, match="currency"):
        Money(1, "usd")


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        *(("12", 1200), (" 4.9 ", 490), ("4,99", 499)),
        *((typed, None) for typed in ("", "0", "0.00", "-1", "1.999", "1e3", "NaN", "٣", "9" * 13)),
    ],
)
def test_an_amount_that_a_person_typed(typed: str, minor: int | None) -> None:
    assert minor_of(typed) == minor
