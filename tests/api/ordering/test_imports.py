"""Past orders in bulk."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.ordering import facade as ordering
from api.domains.ordering.contracts import OrderImport, ReturnImport
from ingestion.contracts.ordering import OrderPlaced, OrderReturned

PLACED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Events = Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]


def past_order(*lines: tuple[int, int, int, int, int], customer_id: UUID | None = None) -> OrderImport:
    return OrderImport(uuid4(), customer_id or uuid4(), PLACED_AT, "USD", "complete-journey", lines)


async def test_past_orders_come_once_with_their_events(
    rolled_back: Database, session: AsyncSession, events_of: Events
) -> None:
    orders = [past_order((1, 2, 300, 100, 500), (2, 1, 99, 0, 99)), past_order((3, 1, 50, 50, 0))]
    assert await ordering.import_orders(session, orders) == 2
    assert await ordering.import_orders(session, [*orders, orders[0], past_order((1, 1, 5, 0, 5))]) == 1
    rows = await session.execute(
        text("SELECT status, source, total_minor, placed_at FROM ordering.orders WHERE order_id = :id"),
        {"id": orders[0].order_id},
    )
    assert tuple(rows.one()) == ("delivered", "complete-journey", 599, PLACED_AT)
    lines = await session.execute(text("SELECT count(*), sum(total_minor) FROM ordering.order_lines"))
    assert tuple(lines.one()) == (4, 604)
    events = [OrderPlaced.model_validate(data) for data in await events_of(session, "ordering.order_placed")]
    assert [event.order_id for event in events[:2]] == [order.order_id for order in orders]
    assert [(line.line_number, line.discount_minor) for line in events[0].lines] == [(1, 100), (2, 0)]
    told = await session.execute(text("SELECT DISTINCT occurred_at FROM core.outbox"))
    assert told.scalars().all() == [PLACED_AT]


@pytest.mark.parametrize("lines", [(), ((1, 2, 300, 100, 501),), ((1, 0, 300, 0, 0),), ((1, 1, 100, 200, -100),)])
async def test_money_that_does_not_add_up_is_refused(
    rolled_back: Database, session: AsyncSession, lines: tuple[tuple[int, int, int, int, int], ...]
) -> None:
    with pytest.raises(ValueError, match=r"has no lines|does not add up"):
        await ordering.import_orders(session, [past_order(*lines)])


async def test_a_past_order_can_be_read_by_its_customer(shopper: Any, shop: dict[str, int]) -> None:
    order = past_order((shop["milk"], 2, 300, 100, 500), customer_id=shopper.customer_id)
    async with transaction() as session:
        await ordering.import_orders(session, [order])
    shown = (await shopper.client.get(f"/v1/orders/{order.order_id}")).json()
    assert (shown["status"], shown["payment"], shown["total_minor"]) == ("delivered", None, 500)
    assert shown["next_states"] == ["partially_returned", "returned"]


def came_back(days: int, reason: str, *quantities: tuple[int, int]) -> ReturnImport:
    return ReturnImport(uuid4(), quantities, PLACED_AT + timedelta(days=days), reason)


async def test_what_came_back_is_kept_like_the_shop_s_own_returns(
    rolled_back: Database, session: AsyncSession, events_of: Events, shop: dict[str, int]
) -> None:
    first, second = list(shop.values())[:2]
    parts = (came_back(3, "the rest", (1, 1), (2, 1)), came_back(1, "one", (1, 1)), came_back(2, "one more", (1, 1)))
    whole = replace(past_order((first, 3, 100, 1, 299), (second, 1, 99, 0, 99)), returns=parts)
    half = replace(past_order((first, 2, 300, 0, 600)), returns=(came_back(2, "one", (1, 1)),))
    assert await ordering.import_orders(session, [whole, half]) == 2
    assert await ordering.import_orders(session, [whole, half]) == 0
    await session.commit()
    view = await ordering.get_order(whole.customer_id, whole.order_id)
    assert (view.status, view.refunded_minor) == ("returned", 398)
    assert [(each.reason, each.refund_minor, len(each.lines)) for each in view.returns] == [
        ("one", 100, 1), ("one more", 100, 1), ("the rest", 198, 2),
    ]  # fmt: skip
    assert [(each.kind, each.to_status) for each in view.timeline] == [
        ("returned", "partially_returned"), ("returned", None), ("returned", "returned"),
    ]  # fmt: skip
    assert (await ordering.get_order(half.customer_id, half.order_id)).status == "partially_returned"
    events = [OrderReturned.model_validate(data) for data in await events_of(session, "ordering.order_returned")]
    assert [(event.refund_minor, event.is_complete) for event in events if event.order_id == whole.order_id] == [
        (100, False), (100, False), (198, True),
    ]  # fmt: skip
    refunds = await session.execute(text("SELECT sum(amount_minor)::bigint FROM ordering.refunds"))
    assert refunds.scalar_one() == 398 + 300


@pytest.mark.parametrize(
    "wrong",
    [
        (came_back(0, "more than bought", (1, 3)),),
        (came_back(0, "one", (1, 1)), came_back(0, "and two", (1, 2))),
        (came_back(0, "no such line", (2, 1)),),
        (came_back(0, "nothing", (1, 0)),),
        (came_back(-1, "too early", (1, 1)),),
    ],
)
async def test_more_than_was_bought_cannot_come_back(
    rolled_back: Database, session: AsyncSession, wrong: tuple[ReturnImport, ...]
) -> None:
    with pytest.raises(ValueError, match="was not bought"):
        await ordering.import_orders(session, [replace(past_order((1, 2, 300, 0, 600)), returns=wrong)])
