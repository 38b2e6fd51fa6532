"""Past orders in bulk: no reservation and no payment, they are history; but each with its event."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish_many
from api.domains.ordering.contracts import EntryKind, OrderImport, OrderStatus
from api.domains.ordering.repository import imports
from ingestion.contracts import Event
from ingestion.contracts.ordering import OrderPlaced


async def import_orders(session: AsyncSession, orders: Sequence[OrderImport]) -> int:
    """Add past orders as delivered ones, or returned as their `returns` say, by COPY, events included.

    Returns how many were new; orders that are already there are left as they are. Raises ValueError for an order
    without lines, with a line whose money does not add up, or with more returned than bought.
    """
    known = await imports.known(session, [order.order_id for order in orders])
    new = {order.order_id: order for order in orders if order.order_id not in known}
    totals = {order_id: _total_of(order) for order_id, order in new.items()}
    fresh = list(new.values())
    steps = {order.order_id: _steps(order) for order in fresh}
    await imports.copy_orders(
        session,
        (
            (
                order.order_id,
                order.customer_id,
                steps[order.order_id][-1][1] if steps[order.order_id] else OrderStatus.DELIVERED.value,
                order.source,
                order.currency,
                totals[order.order_id],
                order.placed_at,
                order.placed_at,
            )
            for order in fresh
        ),
    )
    await imports.copy_lines(
        session,
        (
            (order.order_id, number, line[0], *line)
            for order in fresh
            for number, line in enumerate(order.lines, start=1)
        ),
    )
    await imports.copy_history(
        session,
        (
            (order_id, position, str(EntryKind.RETURNED), *step)
            for order_id, taken in steps.items()
            for position, step in enumerate(taken, start=1)
        ),
    )
    await publish_many(session, _events(fresh, [totals[order.order_id] for order in fresh]))
    return len(fresh)


def _steps(order: OrderImport) -> list[tuple[str, str, str, datetime]]:
    """Its history, (from, to, reason, when) per return in the order of time."""
    left = {number: line[1] for number, line in enumerate(order.lines, start=1)}
    status, steps = OrderStatus.DELIVERED, list[tuple[str, str, str, datetime]]()
    for each in sorted(order.returns, key=lambda each: each.returned_at):
        if not 0 < each.quantity <= left.get(each.line_number, 0) or each.returned_at < order.placed_at:
            raise ValueError(f"order {order.order_id}: what came back of line {each.line_number} was not bought")
        left[each.line_number] -= each.quantity
        after = OrderStatus.PARTIALLY_RETURNED if any(left.values()) else OrderStatus.RETURNED
        steps.append((status.value, after.value, each.reason, each.returned_at))
        status = after
    return steps


def _total_of(order: OrderImport) -> int:
    if not order.lines:
        raise ValueError(f"order {order.order_id} has no lines")
    total = 0
    for product_id, quantity, unit_price, discount, line_total in order.lines:
        if quantity * unit_price - discount != line_total or quantity <= 0 or line_total < 0:
            raise ValueError(f"order {order.order_id}: the money of product {product_id} does not add up")
        total += line_total
    return total


def _events(
    orders: Sequence[OrderImport], totals: Sequence[int]
) -> Iterator[tuple[type[Event], str, dict[str, Any], datetime]]:
    """Data of OrderPlaced as plain dicts: a model per line would halve the speed."""
    for order, total in zip(orders, totals, strict=True):
        key = str(order.order_id)
        data = {
            "order_id": key,
            "customer_id": str(order.customer_id),
            "source": order.source,
            "currency": order.currency,
            "total_minor": total,
            "lines": [
                {
                    "line_number": number,
                    "product_id": product_id,
                    "quantity": quantity,
                    "unit_price_minor": unit_price,
                    "discount_minor": discount,
                    "total_minor": line_total,
                }
                for number, (product_id, quantity, unit_price, discount, line_total) in enumerate(order.lines, start=1)
            ],
            "recommendation_id": None,
        }
        yield OrderPlaced, key, data, order.placed_at
