"""What a cart costs with this address, this delivery and this code. Postgres decides; a client only chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.auth import Visitor
from api.core.db import transaction
from api.domains.ordering import errors
from api.domains.ordering.contracts import DeliveryOption, Quote
from api.domains.ordering.domain import (
    CURRENCY,
    CartItem,
    Priced,
    Promotion,
    TaxRate,
    Wishes,
    delivery_price,
    price_checkout,
    region_of,
)
from api.domains.ordering.repository import carts, prices, promotions
from api.domains.ordering.service.cart import merge_cart
from api.domains.ordering.service.offers import Offer, line_of, offers

Reader = AsyncConnection | AsyncSession
STANDARD = "standard"
USED_UP = "You have used this code as often as one may."


@dataclass(frozen=True, slots=True)
class Basket:
    """A priced cart, before it is split by seller."""

    offers: Mapping[int, Offer]
    priced: Priced
    rates: Mapping[str, TaxRate]
    promotion: Promotion | None
    options: tuple[DeliveryOption, ...]


def normal(code: str | None) -> str | None:
    """A code as it is stored."""
    return (code or "").strip().upper() or None


async def price_basket(
    reader: Reader, items: Sequence[CartItem], wishes: Wishes, promotion: Promotion | None, *, is_binding: bool
) -> Basket:
    """Price these items. Raises LinesWithdrawn, PromotionRefused, UnknownDelivery and, if binding, AddressNeeded."""
    found = await offers(reader, [item.variant_id for item in items])
    gone = [i.product_id for i in items if i.variant_id not in found or not found[i.variant_id].is_active]
    if gone:
        raise errors.LinesWithdrawn(gone)
    lines = [line_of(number, item, found[item.variant_id]) for number, item in enumerate(items, start=1)]
    saving = None
    if promotion is not None:
        departments = {offer.product_id: offer.department for offer in found.values()}
        saving = promotion.save(lines, departments, datetime.now(UTC))
    subtotal = sum(line.total_minor for line in lines) - sum(saving.discounts if saving else ())
    options = await _options(reader, subtotal) if wishes.delivery_method or not is_binding else ()
    delivery_minor = _delivery(options, wishes, is_binding) if wishes.delivery_method else 0
    rates = await prices.rates(reader, region_of(wishes.address))
    return Basket(found, price_checkout(lines, saving, delivery_minor, rates), rates, promotion, options)


async def _options(reader: Reader, subtotal_minor: int) -> tuple[DeliveryOption, ...]:
    return tuple(
        DeliveryOption(
            row.method, row.title, row.promise, row.needs_address, delivery_price(row.prices, subtotal_minor)
        )
        for row in await prices.methods(reader)
    )


def _delivery(options: Sequence[DeliveryOption], wishes: Wishes, is_binding: bool) -> int:
    chosen = next((option for option in options if option.method == wishes.delivery_method), None)
    if chosen is None:
        raise errors.UnknownDelivery
    if is_binding and chosen.needs_address and wishes.address is None:
        raise errors.AddressNeeded
    return chosen.price_minor


async def claim(session: AsyncSession, wishes: Wishes, order_id: UUID, customer_id: UUID) -> Promotion | None:
    """One use of the code for this checkout, within its limits. Raises PromotionRefused."""
    code = normal(wishes.promotion_code)
    if code is None:
        return None
    promotion = await promotions.claim(session, code)
    if promotion is None:
        raise errors.PromotionRefused(code, "There is no such code, or it was used as often as it may be.")
    if not await promotions.use(session, promotion, order_id, customer_id):
        raise errors.PromotionRefused(code, USED_UP)
    return promotion


async def quote(visitor: Visitor, wishes: Wishes) -> Quote:
    """What the visitor's cart costs. Raises CartEmpty and what `price_basket` raises; claims nothing."""
    async with transaction() as session:
        if visitor.customer_id is not None:
            await merge_cart(session, visitor.anonymous_id, visitor.customer_id)
        items = await carts.items(session, visitor.anonymous_id, visitor.customer_id)
        if not items:
            raise errors.CartEmpty
        promotion = None
        if code := normal(wishes.promotion_code):
            promotion = await promotions.find(session, code)
            if promotion is None or (promotion.most_uses is not None and promotion.uses >= promotion.most_uses):
                raise errors.PromotionRefused(code, "There is no such code, or it was used as often as it may be.")
            if visitor.customer_id and not await promotions.is_open(session, promotion, visitor.customer_id):
                raise errors.PromotionRefused(code, USED_UP)
        chosen = Wishes(wishes.delivery_method or STANDARD, wishes.address, code)
        basket = await price_basket(session, items, chosen, promotion, is_binding=False)
    priced = basket.priced
    return Quote(
        currency=CURRENCY,
        goods_minor=priced.goods_minor,
        discount_minor=priced.discount_minor,
        delivery_method=chosen.delivery_method or STANDARD,
        delivery_minor=priced.delivery_minor,
        tax_minor=priced.tax_minor,
        is_tax_included=priced.is_tax_included,
        tax_lines=priced.tax_lines,
        total_minor=priced.total_minor,
        promotion_code=code,
        promotion_title=promotion.title if promotion else None,
        delivery_options=basket.options,
    )
