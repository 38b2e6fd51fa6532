"""Past orders in bulk: no reservation and no payment, they are history; but each with its event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish_many
from api.domains.ordering.contracts import EntryKind, OrderImport, OrderStatus, ReturnImport, ReturnStatus
from api.domains.ordering.repository import imports
from api.domains.ordering.service.fulfilment import told
from ingestion.contracts import Event
from ingestion.contracts.ordering import OrderPlaced, OrderReturned


async def import_orders(session: AsyncSession, orders: Sequence[OrderImport]) -> int:
    """Add past orders as delivered ones, or returned as their `returns` say, by COPY, events included.

    Returns how many were new; orders that are already there are left as they are. Raises ValueError for an order
    without lines, with a line whose money does not add up, or with more returned than bought.
    """
    known = await imports.known(session, [order.order_id for order in orders])
    new = {order.order_id: order for order in orders if order.order_id not in known}
    totals = {order_id: _total_of(order) for order_id, order in new.items()}
    fresh = list(new.values())
    back = {order.order_id: _came_back(order) for order in fresh}
    await imports.copy_orders(
        session,
        (
            (
                order.order_id,
                order.customer_id,
                (back[order.order_id][-1].after if back[order.order_id] else OrderStatus.DELIVERED).value,
                order.source,
                order.currency,
                totals[order.order_id],
                order.placed_at,
                order.placed_at,
                sum(each.refund_minor for each in back[order.order_id]),
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
    await publish_many(session, _events(fresh, [totals[order.order_id] for order in fresh]))
    if returned := [each for steps in back.values() for each in steps]:
        await _copy_returns(session, returned)
        await publish_many(session, _return_events(returned))
    return len(fresh)


@dataclass(frozen=True, slots=True)
class _CameBack:
    """One return of a past order, the states before and after it, and the money that went back."""

    order: OrderImport
    position: int
    what: ReturnImport
    before: OrderStatus
    after: OrderStatus
    refund_minor: int


def _came_back(order: OrderImport) -> list[_CameBack]:
    """The order's returns, in the order of time. What is left of a line's money goes back with its last unit."""
    left = {number: line[1] for number, line in enumerate(order.lines, start=1)}
    status, steps = OrderStatus.DELIVERED, list[_CameBack]()
    for position, what in enumerate(sorted(order.returns, key=lambda each: each.returned_at), start=1):
        refund = 0
        for number, quantity in what.quantities:
            if not 0 < quantity <= left.get(number, 0) or what.returned_at < order.placed_at:
                raise ValueError(f"order {order.order_id}: what came back of line {number} was not bought")
            _, bought, _, _, total = order.lines[number - 1]
            refund += total * left[number] // bought - total * (left[number] - quantity) // bought
            left[number] -= quantity
        after = OrderStatus.PARTIALLY_RETURNED if any(left.values()) else OrderStatus.RETURNED
        steps.append(_CameBack(order, position, what, status, after, refund))
        status = after
    return steps


async def _copy_returns(session: AsyncSession, returned: Sequence[_CameBack]) -> None:
    """As the shop's own returns are kept; nothing is asked of payments, for the money went back long ago."""
    await imports.copy_returns(
        session,
        map(_return_row, returned),
        ((each.what.return_id, number, quantity) for each in returned for number, quantity in each.what.quantities),
        (_refund_row(each) for each in returned if each.refund_minor),
        map(_history_row, returned),
    )


def _return_row(each: _CameBack) -> tuple[Any, ...]:
    what, at = each.what, each.what.returned_at
    status = ReturnStatus.RECEIVED.value
    return what.return_id, each.order.order_id, status, what.reason, each.refund_minor, False, at, at


def _refund_row(each: _CameBack) -> tuple[Any, ...]:
    what = each.what
    refund_id = uuid5(what.return_id, "refund")
    return refund_id, each.order.order_id, what.return_id, each.refund_minor, what.reason, what.returned_at


def _history_row(each: _CameBack) -> tuple[Any, ...]:
    what = each.what
    moves = (each.before.value, each.after.value) if each.before is not each.after else (None, None)
    details = {"return_id": str(what.return_id), "units": told(dict(what.quantities)), "is_restocked": False}
    kind = EntryKind.RETURNED.value
    return each.order.order_id, each.position, kind, *moves, what.reason, details, what.returned_at


def _return_events(
    returned: Sequence[_CameBack],
) -> Iterator[tuple[type[Event], str, dict[str, Any], datetime]]:
    for each in returned:
        key = str(each.order.order_id)
        data = {
            "order_id": key,
            "customer_id": str(each.order.customer_id),
            "return_id": str(each.what.return_id),
            "reason": each.what.reason,
            "lines": [
                {"product_id": product_id, "variant_id": product_id, "quantity": quantity}
                for number, quantity in each.what.quantities
                for product_id in each.order.lines[number - 1][:1]
            ],
            "refund_minor": each.refund_minor,
            "is_restocked": False,
            "is_complete": each.after is OrderStatus.RETURNED,
        }
        yield OrderReturned, key, data, each.what.returned_at


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
