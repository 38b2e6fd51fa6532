"""Money and states, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.ordering.contracts import OrderStatus
from api.domains.ordering.domain import NEXT_STATES, CartItem, PricedLine, can_move, notices_of, price_lines, total_of

QUANTITIES = st.integers(1, 1000)
PRICES = st.integers(1, 10_000_000)


@given(st.lists(st.tuples(QUANTITIES, PRICES), min_size=1, max_size=50))
def test_the_total_is_the_sum_of_its_lines_to_the_cent(rows: list[tuple[int, int]]) -> None:
    items = [CartItem(number, number, quantity, price) for number, (quantity, price) in enumerate(rows, start=1)]
    lines = price_lines(items, {item.product_id: item.seen_price_minor for item in items})
    assert [line.line_number for line in lines] == list(range(1, len(rows) + 1))
    assert total_of(lines) == sum(quantity * price for quantity, price in rows)
    assert all(line.total_minor == line.quantity * line.unit_price_minor - line.discount_minor for line in lines)


@given(QUANTITIES, PRICES, st.integers(-(2**40), 2**40))
def test_a_line_never_costs_less_than_nothing(quantity: int, price: int, discount: int) -> None:
    if 0 <= discount <= quantity * price:
        line = PricedLine(1, 1, quantity, price, discount, variant_id=1)
        assert 0 <= line.total_minor == quantity * price - discount
    else:
        with pytest.raises(ValueError, match="discount"):
            PricedLine(1, 1, quantity, price, discount, variant_id=1)


@pytest.mark.parametrize(("quantity", "price"), [(0, 1), (-1, 1), (1, -1)])
def test_a_line_without_units_or_below_zero_is_refused(quantity: int, price: int) -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        PricedLine(1, 1, quantity, price, variant_id=1)


def test_every_state_has_its_moves_and_ends_are_ends() -> None:
    assert set(NEXT_STATES) == set(OrderStatus)
    assert {status for status, targets in NEXT_STATES.items() if not targets} == {
        OrderStatus.RETURNED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
    }
    assert can_move(OrderStatus.PLACED, OrderStatus.CANCELLED)
    assert not can_move(OrderStatus.FULFILLED, OrderStatus.CANCELLED)


@pytest.mark.parametrize(
    ("price", "available", "is_active", "kinds"),
    [
        (100, 5, True, []),
        (120, 5, True, ["price_raised"]),
        (80, 2, True, ["fewer_available", "price_lowered"]),
        (100, 0, True, ["out_of_stock"]),
        (100, 5, False, ["withdrawn"]),
    ],
)
def test_what_changed_is_told(price: int, available: int, is_active: bool, kinds: list[str]) -> None:
    assert [notice.kind for notice in notices_of(CartItem(1, 1, 3, 100), price, available, is_active)] == kinds
