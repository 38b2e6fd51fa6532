"""SQL of carts."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core import straight
from api.domains.ordering.domain import LARGEST_QUANTITY, CartItem

Reader = AsyncConnection | AsyncSession

# The update locks a cart that is already there, so that no merge deletes it meanwhile, and tells a checkout that has
# read the cart already that it has changed.
ENSURE_CUSTOMERS = text("""
    INSERT INTO ordering.carts AS c (customer_id) VALUES (:owner)
    ON CONFLICT (customer_id) DO UPDATE SET version = c.version + 1 RETURNING cart_id
""")
ENSURE_ANONYMOUS = text("""
    INSERT INTO ordering.carts AS c (anonymous_id) VALUES (:owner)
    ON CONFLICT (anonymous_id) DO UPDATE SET version = c.version + 1 RETURNING cart_id
""")
LOCK_ANONYMOUS = text("SELECT cart_id FROM ordering.carts WHERE anonymous_id = :anonymous_id FOR UPDATE")
MOVE_ITEMS = text("""
    INSERT INTO ordering.cart_items AS mine
        (cart_id, variant_id, product_id, quantity, seen_price_minor, recommendation_id, added_at)
    SELECT :target, variant_id, product_id, quantity, seen_price_minor, recommendation_id, added_at
    FROM ordering.cart_items WHERE cart_id = :source
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET
        quantity = least(mine.quantity + excluded.quantity, :largest),
        seen_price_minor = excluded.seen_price_minor,
        recommendation_id = coalesce(mine.recommendation_id, excluded.recommendation_id)
""")
DELETE_CART = text("DELETE FROM ordering.carts WHERE cart_id = :cart_id")
ITEMS = text("""
    SELECT i.variant_id, i.product_id, i.quantity, i.seen_price_minor, i.recommendation_id
    FROM ordering.cart_items i JOIN ordering.carts c USING (cart_id)
    WHERE c.customer_id = :customer_id OR (CAST(:customer_id AS uuid) IS NULL AND c.anonymous_id = :anonymous_id)
    ORDER BY i.added_at, i.variant_id
""")
TOTALS = text("""
    SELECT count(*) AS lines, coalesce(sum(i.quantity), 0)::bigint AS units
    FROM ordering.cart_items i JOIN ordering.carts c USING (cart_id)
    WHERE c.customer_id = :customer_id OR c.anonymous_id = :anonymous_id
""")
ADD = text("""
    INSERT INTO ordering.cart_items AS mine
        (cart_id, variant_id, product_id, quantity, seen_price_minor, recommendation_id)
    VALUES (:cart_id, :variant_id, :product_id, :quantity, :price_minor, :recommendation_id)
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET
        quantity = least(mine.quantity + excluded.quantity, :largest),
        seen_price_minor = excluded.seen_price_minor,
        recommendation_id = coalesce(excluded.recommendation_id, mine.recommendation_id)
""")
# Of the lines that are there, this one is the last.
IS_BEYOND = text("""
    SELECT count(*) > :most AND bool_or(variant_id = :variant_id AND added_at >= now())
    FROM ordering.cart_items WHERE cart_id = :cart_id
""")
SET = text("""
    UPDATE ordering.cart_items SET quantity = :quantity, seen_price_minor = coalesce(:price_minor, seen_price_minor)
    WHERE cart_id = :cart_id AND variant_id = :variant_id RETURNING variant_id
""")
REMOVE = text("""
    DELETE FROM ordering.cart_items WHERE cart_id = :cart_id AND variant_id = :variant_id RETURNING variant_id
""")
# One snapshot: whoever places an order of this cart empties it in the same transaction.
READ = text("""
    SELECT c.cart_id, c.version,
        (SELECT o.order_id FROM ordering.orders o WHERE o.cart_id = c.cart_id AND o.status = 'draft') AS draft_id,
        EXISTS (SELECT FROM ordering.orders o WHERE o.order_id = :order_id) AS is_known,
        EXISTS (SELECT FROM ordering.carts a JOIN ordering.cart_items USING (cart_id)
                WHERE a.anonymous_id = :anonymous_id) AS is_unmerged,
        (SELECT jsonb_agg(jsonb_build_array(
            i.variant_id, i.product_id, i.quantity, i.seen_price_minor, i.recommendation_id)
            ORDER BY i.added_at, i.variant_id) FROM ordering.cart_items i WHERE i.cart_id = c.cart_id) AS content
    FROM (SELECT) one LEFT JOIN ordering.carts c ON c.customer_id = :customer_id
""")


@dataclass(frozen=True, slots=True)
class ReadCart:
    """What a checkout starts from; `version` must still be the same when the draft is written."""

    cart_id: UUID | None
    version: int | None
    draft_id: UUID | None
    is_known: bool
    is_unmerged: bool
    items: tuple[CartItem, ...]


async def read(reader: Reader, anonymous_id: UUID, customer_id: UUID, order_id: UUID) -> ReadCart:
    """The customer's cart, what stands in the way of its checkout, and whether `order_id` has begun already."""
    values = {"anonymous_id": anonymous_id, "customer_id": customer_id, "order_id": order_id}
    row = (await reader.execute(READ, values)).one()
    found = tuple(
        CartItem(variant_id, product_id, quantity, price, UUID(recommended) if recommended else None)
        for variant_id, product_id, quantity, price, recommended in row.content or ()
    )
    return ReadCart(row.cart_id, row.version, row.draft_id, row.is_known, row.is_unmerged, found)


async def ensure(session: AsyncSession, anonymous_id: UUID, customer_id: UUID | None) -> UUID:
    """The cart of this visitor, made when there is none, locked until the transaction ends."""
    statement, owner = (ENSURE_CUSTOMERS, customer_id) if customer_id else (ENSURE_ANONYMOUS, anonymous_id)
    cart_id: UUID = (await session.execute(statement, {"owner": owner})).scalar_one()
    return cart_id


async def lock_anonymous(session: AsyncSession, anonymous_id: UUID) -> UUID | None:
    """The cart of a browser nobody signed in with."""
    return (await session.execute(LOCK_ANONYMOUS, {"anonymous_id": anonymous_id})).scalar_one_or_none()


async def move_items(session: AsyncSession, source: UUID, target: UUID) -> None:
    """Everything from one cart into another; the first one is gone afterwards."""
    await session.execute(MOVE_ITEMS, {"source": source, "target": target, "largest": LARGEST_QUANTITY})
    await session.execute(DELETE_CART, {"cart_id": source})


async def items(reader: Reader, anonymous_id: UUID, customer_id: UUID | None) -> list[CartItem]:
    """What the visitor's cart holds, in the order in which it was put in."""
    rows = await reader.execute(ITEMS, {"anonymous_id": anonymous_id, "customer_id": customer_id})
    return [CartItem(**row) for row in rows.mappings()]


async def totals(reader: Reader, anonymous_id: UUID, customer_id: UUID | None) -> tuple[int, int]:
    """Lines and units of the visitor's cart, one that waits to be merged included."""
    row = (await straight.read(reader, TOTALS, {"anonymous_id": anonymous_id, "customer_id": customer_id})).one()
    return row.lines, row.units


async def add(session: AsyncSession, cart_id: UUID, item: CartItem) -> None:
    """Put units in, on top of those already there."""
    values = {
        "cart_id": cart_id,
        "variant_id": item.variant_id,
        "product_id": item.product_id,
        "quantity": item.quantity,
        "price_minor": item.seen_price_minor,
        "recommendation_id": item.recommendation_id,
        "largest": LARGEST_QUANTITY,
    }
    await session.execute(ADD, values)


async def is_beyond(session: AsyncSession, cart_id: UUID, variant_id: int, most: int) -> bool:
    """Whether a line that this transaction put in made it more than `most`."""
    values = {"cart_id": cart_id, "variant_id": variant_id, "most": most}
    return bool((await session.execute(IS_BEYOND, values)).scalar_one())


async def set_quantity(
    session: AsyncSession, cart_id: UUID, variant_id: int, quantity: int, price_minor: int | None
) -> bool:
    """Replace a line's quantity; False when there is no such line."""
    values = {"cart_id": cart_id, "variant_id": variant_id, "quantity": quantity, "price_minor": price_minor}
    return (await session.execute(SET, values)).scalar_one_or_none() is not None


async def remove(session: AsyncSession, cart_id: UUID, variant_id: int) -> bool:
    """Take a line out; False when there is no such line."""
    values = {"cart_id": cart_id, "variant_id": variant_id}
    return (await session.execute(REMOVE, values)).scalar_one_or_none() is not None
