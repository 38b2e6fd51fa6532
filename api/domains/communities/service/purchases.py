"""Who owns what they talk about: learned from events of ordering and payments, withdrawn as goods or money go back."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.inbox import ReceivedEvent
from api.core.paging import Page
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.communities.contracts import PostView
from api.domains.communities.errors import OwnersOnly, ProductUnknown
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.repository import purchases as repository
from api.domains.communities.service import feeds
from ingestion.contracts.ordering import OrderDelivered, OrderPlaced, OrderReturned
from ingestion.contracts.payments import PaymentRefunded

STOREFRONT = "storefront"


async def note_delivered(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Who got something owns it."""
    orders = [event.data for event in events if isinstance(event.data, OrderDelivered)]
    lines = [(order, line) for order in orders for line in order.lines]
    await repository.count(
        session, [(order.order_id, line.product_id, order.customer_id, line.quantity, 0) for order, line in lines]
    )


async def note_placed(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """What an order cost; one that an import brought was delivered long ago."""
    orders = [event.data for event in events if isinstance(event.data, OrderPlaced)]
    await repository.note_money(session, [(order.order_id, order.total_minor, 0) for order in orders])
    lines = [(order, line) for order in orders if order.source != STOREFRONT for line in order.lines]
    await repository.count(
        session, [(order.order_id, line.product_id, order.customer_id, line.quantity, 0) for order, line in lines]
    )


async def note_returned(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """What came back is owned no longer."""
    orders = [event.data for event in events if isinstance(event.data, OrderReturned)]
    lines = [(order, line) for order in orders for line in order.lines]
    await repository.count(
        session, [(order.order_id, line.product_id, order.customer_id, 0, line.quantity) for order, line in lines]
    )


async def note_refunded(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """An order whose whole price went back, goods or no goods, makes nobody an owner."""
    refunds = [event.data for event in events if isinstance(event.data, PaymentRefunded)]
    await repository.note_money(session, [(refund.order_id, None, refund.refunded_minor) for refund in refunds])


async def may_be_about(
    session: AsyncSession, person: Principal, product_id: int | None, *, is_owners_only: bool
) -> None:
    """Whether somebody may write a post about a product.

    Raises Invalid where there is none, and OwnersOnly where one for owners is opened by somebody else.
    """
    if product_id is None:
        if is_owners_only:
            raise Invalid("product_id", "names the product whose owners answer")
        return
    if not await catalog.get_products(session, [product_id]):
        raise Invalid("product_id", "names no product of the shop")
    if is_owners_only and not await repository.owns(session, person.customer_id, product_id):
        raise OwnersOnly


async def check_owner(reader: Reader, post: PostView, customer_id: UUID) -> None:
    """Whether somebody may answer a post. Raises OwnersOnly."""
    if (
        post.is_owners_only
        and post.product_id is not None
        and not await repository.owns(reader, customer_id, post.product_id)
    ):
        raise OwnersOnly


async def product_of(reader: Reader, product_id: int) -> ProductView:
    """A product that people talk about. Raises ProductUnknown."""
    found = (await catalog.get_products(reader, [product_id], with_inactive=True)).get(product_id)
    if found is None:
        raise ProductUnknown
    return found


async def about(
    reader: Reader, product_id: int, who: Visitor | Principal, cursor: str | None, limit: int
) -> Page[PostView]:
    """Posts about a product, the newest first. Raises Invalid for another list's cursor."""
    name = f"about {product_id}"
    rows = await repository.about(reader, product_id, who.customer_id, feeds.time_of(cursor, name), limit + 1)
    ids, more = feeds.page_of(rows, limit, name)
    return Page(await post_repository.cards(reader, ids, who.customer_id), more)
