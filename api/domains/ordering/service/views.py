"""Orders as people see them, put together from what the tables hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import (
    EntryKind,
    OrderLineView,
    OrderPayment,
    OrderStatus,
    OrderView,
    ReturnView,
    ShipmentView,
    TimelineEntry,
)
from api.domains.ordering.domain import NEXT_STATES, Order, Parcel, PricedLine, Returned
from api.domains.ordering.repository import fulfilment, orders, timeline
from api.domains.ordering.service.offers import Offer, offers
from api.domains.payments import facade as payments
from api.domains.payments.contracts import PaymentView

Reader = AsyncConnection | AsyncSession


async def aggregate(reader: Reader, row: orders.OrderRow) -> Order:
    """The order with its lines, parcels and returns, for its rules."""
    lines = (await orders.lines(reader, [row.order_id])).get(row.order_id, ())
    parcels = (await fulfilment.shipments(reader, [row.order_id])).get(row.order_id, [])
    returns = (await fulfilment.returns(reader, [row.order_id])).get(row.order_id, [])
    return _aggregate(row, lines, parcels, returns)


def _aggregate(
    row: orders.OrderRow,
    lines: Sequence[PricedLine],
    parcels: Sequence[ShipmentView],
    returns: Sequence[ReturnView],
) -> Order:
    return Order(
        order_id=row.order_id,
        status=row.status,
        lines=lines,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        is_tax_included=row.is_tax_included,
        delivered_at=row.delivered_at,
        parcels=[Parcel(each.shipment_id, _counted(each), each.delivered_at is not None) for each in parcels],
        returns=[Returned(each.return_id, _counted(each), each.status, each.refund_minor) for each in returns],
    )


def _counted(units: ShipmentView | ReturnView) -> dict[int, int]:
    return {line.line_number: line.quantity for line in units.lines}


async def views(reader: Reader, rows: Sequence[orders.OrderRow]) -> list[OrderView]:
    """Views of these rows, in their order."""
    if not rows:
        return []
    order_ids = [row.order_id for row in rows]
    lines = await orders.lines(reader, order_ids)
    paid = await payments.find(reader, list({row.group_id for row in rows}))
    found = await offers(reader, {line.variant_id for of_order in lines.values() for line in of_order})
    parcels = await fulfilment.shipments(reader, order_ids)
    returns = await fulfilment.returns(reader, order_ids)
    entries = await timeline.of_orders(reader, order_ids)
    return [
        _view(
            row,
            _aggregate(row, lines.get(row.order_id, ()), parcels[row.order_id], returns[row.order_id]),
            found,
            _payment(paid.get(row.group_id)),
            parcels[row.order_id],
            returns[row.order_id],
            entries[row.order_id],
        )
        for row in rows
    ]


def _payment(payment: PaymentView | None) -> OrderPayment | None:
    if payment is None:
        return None
    return OrderPayment(
        str(payment.status), payment.reason, payment.payment_id, str(payment.method), payment.next_action_url
    )


def _view(
    row: orders.OrderRow,
    order: Order,
    found: Mapping[int, Offer],
    payment: OrderPayment | None,
    parcels: Sequence[ShipmentView],
    returns: Sequence[ReturnView],
    entries: Sequence[TimelineEntry],
) -> OrderView:
    shipped: Counter[int] = Counter()
    for parcel in order.parcels:
        shipped.update(parcel.quantities)
    returnable = order.returnable()
    return OrderView(
        order_id=row.order_id,
        customer_id=row.customer_id,
        status=row.status,
        next_states=NEXT_STATES[row.status],
        source=row.source,
        currency=row.currency,
        total_minor=row.total_minor,
        created_at=row.created_at,
        placed_at=row.placed_at,
        lines=_lines(order.lines, found, shipped, returnable),
        payment=payment,
        group_id=row.group_id,
        seller_id=row.seller_id,
        goods_minor=sum(line.quantity * line.unit_price_minor for line in order.lines),
        discount_minor=sum(line.discount_minor for line in order.lines),
        delivery_method=row.delivery_method,
        delivery_minor=row.delivery_minor,
        tax_minor=row.tax_minor,
        is_tax_included=row.is_tax_included,
        tax_lines=row.tax_lines,
        promotion_code=row.promotion_code,
        address=row.address,
        refunded_minor=row.refunded_minor,
        delivered_at=row.delivered_at,
        shipments=tuple(parcels),
        returns=tuple(returns),
        timeline=tuple(entries),
    )


def _lines(
    lines: Sequence[PricedLine], found: Mapping[int, Offer], shipped: Mapping[int, int], returnable: Mapping[int, int]
) -> tuple[OrderLineView, ...]:
    return tuple(
        OrderLineView(
            line_number=line.line_number,
            product_id=line.product_id,
            title=found[line.variant_id].title,
            image=found[line.variant_id].image,
            slug=found[line.variant_id].slug,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            discount_minor=line.discount_minor,
            total_minor=line.total_minor,
            variant_id=line.variant_id,
            tax_minor=line.tax_minor,
            shipped=shipped.get(line.line_number, 0),
            returnable=returnable.get(line.line_number, 0),
        )
        for line in lines
    )


def view_of_draft(
    draft: orders.Draft,
    found: Mapping[int, Offer],
    begun_at: datetime,
    placed_at: datetime,
    payment: OrderPayment | None,
) -> OrderView:
    """The first order of a checkout that was placed just now: nothing has to be read for it."""
    order_id, seller_id, part = draft.parts[0]
    draft_, placed = OrderStatus.DRAFT, OrderStatus.PLACED
    row = _row(draft, order_id, seller_id, begun_at, placed_at)
    entries = (
        TimelineEntry(1, EntryKind.BEGUN, begun_at, None, draft_, None, {}),
        TimelineEntry(2, EntryKind.PLACED, placed_at, draft_, placed, None, {}),
    )
    return _view(row, _aggregate(row, part.lines, (), ()), found, payment, (), (), entries)


def _row(
    draft: orders.Draft, order_id: UUID, seller_id: UUID | None, begun_at: datetime, placed_at: datetime
) -> orders.OrderRow:
    part = draft.parts[0][2]
    return orders.OrderRow(
        order_id=order_id,
        customer_id=draft.customer_id,
        status=OrderStatus.PLACED,
        source=draft.source,
        currency=draft.currency,
        total_minor=part.total_minor,
        created_at=begun_at,
        placed_at=placed_at,
        cart_id=draft.cart_id,
        recommendation_id=draft.recommendation_id,
        group_id=draft.group_id,
        seller_id=seller_id,
        delivery_method=draft.delivery_method,
        delivery_minor=part.delivery_minor,
        delivery_tax_minor=part.delivery_tax_minor,
        tax_minor=part.tax_minor,
        is_tax_included=part.is_tax_included,
        tax_lines=part.tax_lines,
        address=draft.address,
        promotion_code=draft.promotion_code,
        refunded_minor=0,
        delivered_at=None,
    )
