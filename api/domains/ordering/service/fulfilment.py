"""Parcels: what leaves, and what has arrived. Only the shop does this; every act is in the audit log."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.core.outbox import publish
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import EntryKind, OrderStatus, OrderView
from api.domains.ordering.domain import PricedLine
from api.domains.ordering.errors import IllegalMove, OrderNotFound, PaymentOutstanding, ShipmentNotFound
from api.domains.ordering.repository import fulfilment, orders, timeline
from api.domains.ordering.service.views import aggregate, views
from api.domains.payments import facade as payments
from api.domains.payments.contracts import WAITING
from ingestion.contracts import new_event_id
from ingestion.contracts.ordering import OrderDelivered, OrderShipped, OrderUnits


async def ship_order(
    actor_id: UUID, order_id: UUID, carrier: str, tracking_number: str, quantities: Mapping[int, int] | None = None
) -> OrderView:
    """Send units by line number, or all that is left. Raises OrderNotFound, IllegalMove, NothingLeftToShip
    and PaymentOutstanding.
    """
    async with transaction() as session:
        row = await lock_order(session, order_id)
        order = await aggregate(session, row)
        target, chosen = order.ship(quantities)
        payment = (await payments.find(session, [row.group_id])).get(row.group_id)
        if payment is not None and payment.status in WAITING:
            raise PaymentOutstanding("Its goods are kept until the transfer has come.")
        shipment_id = new_event_id()
        await inventory.ship(session, order_id, stock_units(order.lines, chosen))
        await fulfilment.insert_shipment(session, shipment_id, order_id, carrier, tracking_number, chosen)
        details = {"shipment_id": str(shipment_id), "carrier": carrier, "tracking_number": tracking_number}
        moves = (row.status, target) if target is not row.status else None
        await timeline.add(session, order_id, EntryKind.SHIPPED, moves, None, **details, units=told(chosen))
        await record_act(session, actor_id, "orders.ship", f"order:{order_id}", shipment_id=shipment_id)
        event = OrderShipped(
            order_id=order_id,
            customer_id=row.customer_id,
            shipment_id=shipment_id,
            carrier=carrier,
            lines=event_units(order.lines, chosen),
            is_complete=target is OrderStatus.FULFILLED,
        )
        await publish(session, event)
        return await view_again(session, order_id)


async def deliver_shipment(actor_id: UUID, order_id: UUID, shipment_id: UUID) -> OrderView:
    """A parcel has arrived; with the last one the order is delivered. Raises ShipmentNotFound and IllegalMove."""
    async with transaction() as session:
        row = await lock_order(session, order_id)
        order = await aggregate(session, row)
        parcel = next((each for each in order.parcels if each.shipment_id == shipment_id), None)
        if parcel is None:
            raise ShipmentNotFound
        if parcel.is_delivered:
            raise IllegalMove("delivered", "delivered", ())
        target = order.deliver(shipment_id)
        await fulfilment.mark_delivered(session, order_id, shipment_id)
        moves = (row.status, target) if target is not row.status else None
        await timeline.add(session, order_id, EntryKind.DELIVERED, moves, None, shipment_id=str(shipment_id))
        await record_act(session, actor_id, "orders.deliver", f"order:{order_id}", shipment_id=shipment_id)
        if moves:
            everything = {line.line_number: line.quantity for line in order.lines}
            lines = event_units(order.lines, everything)
            await publish(session, OrderDelivered(order_id=order_id, customer_id=row.customer_id, lines=lines))
        return await view_again(session, order_id)


async def note_order(actor_id: UUID, order_id: UUID, text: str) -> OrderView:
    """Put a remark into the timeline."""
    async with transaction() as session:
        await lock_order(session, order_id)
        await timeline.add(session, order_id, EntryKind.NOTED, None, text)
        await record_act(session, actor_id, "orders.note", f"order:{order_id}")
        return await view_again(session, order_id)


async def lock_order(session: AsyncSession, order_id: UUID, customer_id: UUID | None = None) -> orders.OrderRow:
    """The order, held. Raises OrderNotFound, also for somebody else's."""
    row = await orders.lock(session, order_id)
    if row is None or customer_id not in (None, row.customer_id):
        raise OrderNotFound
    return row


async def view_again(session: AsyncSession, order_id: UUID) -> OrderView:
    """The order as the transaction leaves it."""
    row = await orders.find(session, order_id)
    if row is None:
        raise OrderNotFound
    return (await views(session, [row]))[0]


def stock_units(lines: Sequence[PricedLine], quantities: Mapping[int, int]) -> list[tuple[int, int]]:
    """Units by line number as stock counts them."""
    return [
        unit for line in lines if line.line_number in quantities for unit in line.units(quantities[line.line_number])
    ]


def event_units(lines: Sequence[PricedLine], quantities: Mapping[int, int]) -> tuple[OrderUnits, ...]:
    """The same as events tell them."""
    return tuple(
        OrderUnits(product_id=line.product_id, variant_id=line.variant_id, quantity=quantities[line.line_number])
        for line in lines
        if line.line_number in quantities
    )


def told(quantities: Mapping[int, int]) -> list[dict[str, int]]:
    """The same as the timeline keeps them."""
    return [{"line_number": number, "quantity": quantity} for number, quantity in sorted(quantities.items())]
