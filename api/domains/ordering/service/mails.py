"""What a customer is told of an order by mail: placed, sent, arrived, cancelled, money on its way back."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.core.mail import send_mail
from api.core.money import Money
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.identity import facade as identity
from api.domains.ordering.repository import orders
from api.domains.payments import facade as payments
from api.domains.payments.contracts import Method
from ingestion.contracts.ordering import OrderCancelled, OrderDelivered, OrderPlaced, OrderShipped
from ingestion.contracts.payments import PaymentCaptured, PaymentRefunded

NOT_PAID = "not paid in time"
STOREFRONT = "storefront"  # an order that an import brought is nobody's news


async def tell_customers(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """A mail for each of these events, to who has an account; part of the handler, so each event is told once."""
    told = [(event.data, await _words(session, event.data)) for event in events]
    people = [customer for data, words in told if words and (customer := await _customer(session, data))]
    emails = await identity.emails_of(session, people)
    for data, words in told:
        customer = await _customer(session, data) if words else None
        if words and customer in emails:
            subject, text = words
            order_id: UUID = getattr(data, "order_id")  # noqa: B009 -- all of these are about an order
            link = f"{get_settings().api_url}/orders/{order_id}"
            await send_mail(session, emails[customer], f"{subject} (order {number(order_id)})", f"{text}\n\n{link}\n")


def number(order_id: UUID) -> str:
    """What people call an order."""
    return order_id.hex[-8:].upper()


async def _customer(session: AsyncSession, data: Any) -> UUID | None:
    if isinstance(data, PaymentRefunded | PaymentCaptured):
        order = await orders.find(session, data.order_id)
        return order.customer_id if order else None
    found: UUID = data.customer_id
    return found


async def _words(session: AsyncSession, data: Any) -> tuple[str, str] | None:
    if isinstance(data, OrderPlaced) and data.source == STOREFRONT:
        return "Thank you for your order", await _receipt(session, data)
    if isinstance(data, OrderShipped):
        rest = "" if data.is_complete else " The rest follows."
        return "Your parcel is on its way", f"A parcel with {data.carrier} has left.{rest}"
    if isinstance(data, OrderDelivered):
        return "Your order has arrived", "All of it is there. You can send things back within 30 days."
    if isinstance(data, OrderCancelled):
        why = "Your transfer did not come in time." if data.reason == NOT_PAID else ""
        rest = why or "What you paid goes back the way it came."
        return "Your order was cancelled", f"It will not be sent. {rest}"
    return _of_money(data)


def _of_money(data: Any) -> tuple[str, str] | None:
    if isinstance(data, PaymentRefunded):
        amount = Money(data.amount_minor, data.currency).show()
        return f"{amount} is on its way back to you", f"We gave {amount} back the way you paid."
    if isinstance(data, PaymentCaptured) and data.method == Method.BANK_TRANSFER:
        amount = Money(data.amount_minor, data.currency).show()
        return "Your transfer has come", f"We have {amount} of yours. Your goods leave next."
    return None


async def _receipt(session: AsyncSession, order: OrderPlaced) -> str:
    variants = await catalog.get_variants(session, sorted({line.variant_id or line.product_id for line in order.lines}))
    rows = []
    for line in order.lines:
        variant = variants.get(line.variant_id or line.product_id)
        amount = Money(line.total_minor, order.currency).show()
        rows.append(f"{line.quantity} × {variant.title if variant else 'a product'}: {amount}")
    if order.delivery_minor:
        rows.append(f"Delivery: {Money(order.delivery_minor, order.currency).show()}")
    if order.tax_minor and not order.is_tax_included:
        rows.append(f"Tax: {Money(order.tax_minor, order.currency).show()}")
    rows.append(f"Total: {Money(order.total_minor, order.currency).show()}")
    return "\n".join([*rows, *await _transfer(session, order)])


async def _transfer(session: AsyncSession, order: OrderPlaced) -> list[str]:
    """Where to send the money, for an order that waits for it."""
    group_id = order.group_id or order.order_id
    payment = (await payments.find(session, [group_id])).get(group_id)
    transfer = payments.instructions(payment) if payment else None
    if transfer is None:
        return []
    amount = Money(transfer.amount_minor, transfer.currency).show()
    return [
        "",
        f"Please send {amount} within {transfer.within_days} days. Your goods leave once it is here.",
        f"Account: {transfer.account}",
        f"Reference: {transfer.reference}",
    ]
