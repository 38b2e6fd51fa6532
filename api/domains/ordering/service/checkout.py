"""Checkout: hold the goods, take the money, make the orders. Three steps, of which the middle one has no transaction.

The checkout's id is the operation id of the Idempotency-Key, so an attempt that died is found by the next one. The
checkout's first order bears that id, and so does its one payment; a further order per seller has an id of its own.
Whatever dies between the steps is settled by `sweep`: no reservation, no use of a code and no money is left behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.core.db import transaction
from api.core.errors import AppError
from api.core.outbox import gathering, publish
from api.domains.inventory import facade as inventory
from api.domains.ordering import errors
from api.domains.ordering.contracts import EntryKind, OrderPayment, OrderStatus, OrderView
from api.domains.ordering.domain import CURRENCY, Wishes, recommendation_of, split
from api.domains.ordering.repository import carts, orders, promotions, timeline
from api.domains.ordering.service.cart import announce_checkout, merge_cart
from api.domains.ordering.service.offers import Offer, units_of
from api.domains.ordering.service.orders import get_order
from api.domains.ordering.service.pricing import STANDARD, Basket, claim, normal, price_basket
from api.domains.ordering.service.views import view_of_draft
from api.domains.payments import facade as payments
from api.domains.payments.contracts import (
    SECURED,
    WAITING,
    ChargeResult,
    ChargeState,
    Method,
    PaymentStatus,
    PaymentView,
    keeps_goods,
)
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.analytics import CheckoutStarted
from ingestion.contracts.ordering import OrderLine, OrderPlaced

SOURCE = "storefront"
TRIES = 5
NO_WISHES = Wishes()
FREE = ChargeResult(ChargeState.CAPTURED)
# What the payment of an order that was placed may be, besides paid.
STANDS = {ChargeState.AUTHORIZED: PaymentStatus.REQUIRES_CAPTURE, ChargeState.PENDING: PaymentStatus.PROCESSING}


class CartMoved(Exception):
    """The cart is not the one that was read: read it again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who checks out what, and how."""

    visitor: Visitor
    customer_id: UUID
    order_id: UUID
    expected_total_minor: int | None
    wishes: Wishes
    is_announced: bool
    method: Method


@dataclass(frozen=True, slots=True)
class Prepared:
    """What step one left for the next ones; nothing of it is needed to go on after a crash."""

    draft: orders.Draft
    offers: dict[int, Offer]
    begun_at: datetime


async def check_out(
    visitor: Visitor,
    customer_id: UUID,
    order_id: UUID,
    payment_token: str,
    expected_total_minor: int | None = None,
    wishes: Wishes = NO_WISHES,
    *,
    is_announced: bool = False,
    method: Method = Method.CARD,
) -> OrderView:
    """Make orders of the customer's cart; the first is `placed`, or `draft` while the money is not decided.

    `payment_token` is the gateway's token for a card, the code of a gift card, and nothing for the other methods.

    Calling it again with the same `order_id` goes on where the last call ended. Unless it was announced before, it
    tells that a checkout has started. Raises CartEmpty, LinesWithdrawn, TotalChanged, CheckoutInProgress, OutOfStock,
    PromotionRefused, AddressNeeded, UnknownDelivery, PaymentDeclined, CheckoutExpired, GatewayUnavailable.
    """
    asked = Asked(visitor, customer_id, order_id, expected_total_minor, wishes, is_announced, method)
    prepared, payment = await _prepare_or_find(asked)
    if payment is None:
        result = FREE
        placed_at = await settle(order_id, result, prepared)
    else:
        pay = payments.charge if payment.method is Method.CARD else payments.confirm
        result = await pay(payment, payment_token)
        if prepared is None and result.state is ChargeState.UNREACHED:
            result = ChargeResult(ChargeState.UNKNOWN)  # the attempt that died may have reached it
        placed_at = await settle(order_id, result, prepared, payment)
    if prepared is not None and isinstance(placed_at, datetime):
        money = None
        if payment is not None:
            status = STANDS.get(result.state, PaymentStatus.SUCCEEDED)
            money = OrderPayment(str(status), None, payment.payment_id, str(payment.method))
        return view_of_draft(prepared.draft, prepared.offers, prepared.begun_at, placed_at, money)
    return await _answer(customer_id, order_id)


async def _prepare_or_find(asked: Asked) -> tuple[Prepared | None, PaymentView | None]:
    for _ in range(TRIES):
        try:
            async with transaction() as session:
                return await _prepare(session, asked)
        except CartMoved:
            continue
        except errors.CartEmpty:
            raise
        except AppError:
            if not asked.is_announced:
                await announce_checkout(asked.visitor)  # it was refused, but begun
            raise
    raise errors.CartChanged("Look at it, then check out again.")


async def _prepare(session: AsyncSession, asked: Asked) -> tuple[Prepared | None, PaymentView | None]:
    """Step one: drafts at today's prices, their goods reserved, their payment on record. Raises CartMoved.

    The cart is read without a lock. The statement that writes the draft takes it only in the version that was read.
    """
    seen = await _read_cart(session, asked)
    if seen.is_known:
        return None, (await payments.find(session, [asked.order_id])).get(asked.order_id)
    if seen.draft_id is not None:
        raise errors.CheckoutInProgress(seen.draft_id)
    if seen.cart_id is None or not seen.items:
        raise errors.CartEmpty
    promotion = await claim(session, asked.wishes, asked.order_id, asked.customer_id)
    basket = await price_basket(session, seen.items, asked.wishes, promotion, is_binding=True)
    total_minor = basket.priced.total_minor
    if asked.expected_total_minor not in (None, total_minor):
        raise errors.TotalChanged(asked.expected_total_minor or 0, total_minor)
    draft = _draft_of(asked, seen, basket)
    begun_at = await orders.insert_draft(session, draft, _started(asked, seen))
    if begun_at is None:
        raise CartMoved
    for order_id, _, part in draft.parts:
        await inventory.reserve(session, order_id, units_of(part.lines))
    payment = None
    if total_minor and asked.method is Method.CARD:
        payment = await payments.create(
            session, asked.order_id, total_minor, CURRENCY, asked.customer_id, tax_minor=basket.priced.tax_minor
        )
    elif total_minor:
        payment = await payments.create_intent(
            session,
            asked.order_id,
            total_minor,
            CURRENCY,
            asked.method,
            customer_id=asked.customer_id,
            tax_minor=basket.priced.tax_minor,
        )
    return Prepared(draft, dict(basket.offers), begun_at), payment


async def _read_cart(session: AsyncSession, asked: Asked) -> carts.ReadCart:
    who = (asked.visitor.anonymous_id, asked.customer_id)
    seen = await carts.read(session, *who, asked.order_id)
    if seen.is_unmerged and not seen.is_known:
        await merge_cart(session, *who)
        seen = await carts.read(session, *who, asked.order_id)
    return seen


def _draft_of(asked: Asked, seen: carts.ReadCart, basket: Basket) -> orders.Draft:
    """Orders by seller, of which the first bears the checkout's id."""
    sellers = [basket.offers[line.variant_id].seller_id for line in basket.priced.lines]
    parts = zip(dict.fromkeys(sellers), split(basket.priced, sellers, basket.rates), strict=True)
    return orders.Draft(
        group_id=asked.order_id,
        customer_id=asked.customer_id,
        source=SOURCE,
        currency=CURRENCY,
        cart_id=seen.cart_id or asked.order_id,
        version=seen.version or 0,
        recommendation_id=recommendation_of(seen.items),
        delivery_method=asked.wishes.delivery_method or STANDARD,
        region=next((rate.region for rate in basket.rates.values()), None),
        address=asked.wishes.address,
        promotion_code=normal(asked.wishes.promotion_code),
        parts=tuple(
            (asked.order_id if index == 0 else new_event_id(), seller_id, part)
            for index, (seller_id, part) in enumerate(parts)
        ),
    )


def _started(asked: Asked, seen: carts.ReadCart) -> list[Event]:
    if asked.is_announced:
        return []
    visitor = asked.visitor
    items = len(seen.items)
    return [CheckoutStarted(anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, items=items)]


async def settle(
    group_id: UUID, result: ChargeResult, prepared: Prepared | None = None, payment: PaymentView | None = None
) -> datetime | bool:
    """Step three: do what the gateway's answer means, once; False while it means nothing yet.

    Returns when the orders were placed, if it was this call that did it.
    """
    async with transaction() as session:
        if payment is None and prepared is None:
            payment = (await payments.find(session, [group_id])).get(group_id)
        draft = prepared.draft if prepared else await orders.read_draft(session, group_id)
        with gathering(session) as told:
            status = PaymentStatus.SUCCEEDED
            if payment is not None:
                status = await payments.record(session, payment.payment_id, result)
            is_kept = payment is None or keeps_goods(payment.method, status)
            is_held = is_kept and await _allocate(session, draft)
        if is_held:
            return await _place(session, draft, told)
        await publish(session, *told)
        if status in WAITING:
            return False
        is_paid = status in SECURED
        why = "paid after the reservation had run out" if is_paid else f"payment {status}"
        if not await _expire(session, group_id, why):
            return True
        if is_paid and payment is not None:
            await payments.begin_refund(session, payment.payment_id)
    if is_paid and payment is not None:
        await payments.refund(payment.payment_id)
    return True


async def _allocate(session: AsyncSession, draft: orders.Draft) -> bool:
    try:
        for order_id, _, _ in draft.parts:
            await inventory.allocate(session, order_id)
    except inventory.NothingReserved:
        return False
    return True


async def _expire(session: AsyncSession, group_id: UUID, why: str) -> bool:
    """The checkout ends without an order; False when it ended before.

    The code comes first: everybody locks its row before stock.
    """
    first = await orders.find(session, group_id)
    if first is None or first.status is not OrderStatus.DRAFT:
        return False
    rows = await orders.lock_group(session, group_id)
    if rows[0].status is not OrderStatus.DRAFT:
        return False
    if first.promotion_code:
        await promotions.release(session, group_id)
    for row in rows:
        await inventory.release(session, row.order_id)
    for row in rows:
        moves = (OrderStatus.DRAFT, OrderStatus.EXPIRED)
        await timeline.add(session, row.order_id, EntryKind.EXPIRED, moves, why)
    return True


async def _place(session: AsyncSession, draft: orders.Draft, told: Sequence[Event]) -> datetime:
    bought = [line for _, _, part in draft.parts for line in part.lines]
    events: list[Event] = [*told]
    for order_id, seller_id, part in draft.parts:
        events.append(
            OrderPlaced(
                order_id=order_id,
                customer_id=draft.customer_id,
                source=draft.source,
                currency=draft.currency,
                total_minor=part.total_minor,
                lines=tuple(
                    OrderLine(
                        line_number=line.line_number,
                        product_id=line.product_id,
                        quantity=line.quantity,
                        unit_price_minor=line.unit_price_minor,
                        discount_minor=line.discount_minor,
                        total_minor=line.total_minor,
                        variant_id=line.variant_id,
                        tax_minor=line.tax_minor,
                    )
                    for line in part.lines
                ),
                recommendation_id=draft.recommendation_id,
                group_id=draft.group_id,
                seller_id=seller_id,
                delivery_minor=part.delivery_minor,
                tax_minor=part.tax_minor,
                is_tax_included=part.is_tax_included,
                promotion_code=draft.promotion_code,
            )
        )
    return await orders.place(session, draft.group_id, bought, events)


async def _answer(customer_id: UUID, order_id: UUID) -> OrderView:
    """The order, or the refusal that the checkout ended in."""
    order = await get_order(customer_id, order_id)
    if order.status is not OrderStatus.EXPIRED:
        return order
    status = order.payment.status if order.payment else None
    if order.payment and status == PaymentStatus.DECLINED:
        raise errors.PaymentDeclined(order_id, order.payment.reason or "declined")
    if status == PaymentStatus.CANCELLED:
        raise errors.GatewayUnavailable("Nothing was charged. Try again in a moment.", order_id=str(order_id))
    raise errors.CheckoutExpired(order_id)
