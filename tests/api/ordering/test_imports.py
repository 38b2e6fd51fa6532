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
from ingestion.contracts.ordering import OrderPlaced

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


async def test_what_came_back_is_in_the_status_and_the_history(rolled_back: Database, session: AsyncSession) -> None:
    day = [PLACED_AT + timedelta(days=number) for number in range(4)]
    parts = (ReturnImport(2, 1, day[3], "whole"), ReturnImport(1, 1, day[1], "half"))
    order = replace(past_order((1, 1, 300, 0, 300), (2, 1, 99, 0, 99)), returns=parts)
    half = replace(past_order((1, 2, 300, 0, 600)), returns=(ReturnImport(1, 1, day[2], "one"),))
    assert await ordering.import_orders(session, [order, half]) == 2
    assert await ordering.import_orders(session, [order, half]) == 0
    found = await session.execute(
        text(
            "SELECT from_status, to_status, reason FROM ordering.order_history WHERE order_id = :id ORDER BY position"
        ),
        {"id": order.order_id},
    )
    assert [tuple(row) for row in found] == [
        ("delivered", "partially_returned", "half"),
        ("partially_returned", "returned", "whole"),
    ]
    states = await session.execute(
        text("SELECT status FROM ordering.orders WHERE order_id = :id"), {"id": half.order_id}
    )
    assert states.scalar_one() == "partially_returned"


@pytest.mark.parametrize(
    "wrong",
    [
        (ReturnImport(1, 3, PLACED_AT, "more than bought"),),
        (ReturnImport(1, 1, PLACED_AT, "one"), ReturnImport(1, 2, PLACED_AT, "and two")),
        (ReturnImport(2, 1, PLACED_AT, "no such line"),),
        (ReturnImport(1, 0, PLACED_AT, "nothing"),),
        (ReturnImport(1, 1, PLACED_AT - timedelta(seconds=1), "too early"),),
    ],
)
async def test_more_than_was_bought_cannot_come_back(
    rolled_back: Database, session: AsyncSession, wrong: tuple[ReturnImport, ...]
) -> None:
    with pytest.raises(ValueError, match="was not bought"):
        await ordering.import_orders(session, [replace(past_order((1, 2, 300, 0, 600)), returns=wrong)])
