"""SQL of carts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.domain import LARGEST_QUANTITY, CartItem

Reader = AsyncConnection | AsyncSession

# The update that changes nothing locks a cart that is already there, so that no merge deletes it meanwhile.
ENSURE_CUSTOMERS = text("""
    INSERT INTO ordering.carts AS c (customer_id) VALUES (:owner)
    ON CONFLICT (customer_id) DO UPDATE SET created_at = c.created_at RETURNING cart_id
""")
ENSURE_ANONYMOUS = text("""
    INSERT INTO ordering.carts AS c (anonymous_id) VALUES (:owner)
    ON CONFLICT (anonymous_id) DO UPDATE SET created_at = c.created_at RETURNING cart_id
""")
LOCK_ANONYMOUS = text("SELECT cart_id FROM ordering.carts WHERE anonymous_id = :anonymous_id FOR UPDATE")
LOCK_CUSTOMERS = text("SELECT cart_id FROM ordering.carts WHERE customer_id = :customer_id FOR UPDATE")
MOVE_ITEMS = text("""
    INSERT INTO ordering.cart_items AS mine
        (cart_id, product_id, quantity, seen_price_minor, recommendation_id, added_at)
    SELECT :target, product_id, quantity, seen_price_minor, recommendation_id, added_at
    FROM ordering.cart_items WHERE cart_id = :source
    ON CONFLICT (cart_id, product_id) DO UPDATE SET
        quantity = least(mine.quantity + excluded.quantity, :largest),
        seen_price_minor = excluded.seen_price_minor,
        recommendation_id = coalesce(mine.recommendation_id, excluded.recommendation_id)
""")
DELETE_CART = text("DELETE FROM ordering.carts WHERE cart_id = :cart_id")
ITEMS = text("""
    SELECT i.product_id, i.quantity, i.seen_price_minor, i.recommendation_id
    FROM ordering.cart_items i JOIN ordering.carts c USING (cart_id)
    WHERE c.customer_id = :customer_id OR (CAST(:customer_id AS uuid) IS NULL AND c.anonymous_id = :anonymous_id)
    ORDER BY i.added_at, i.product_id
""")
TOTALS = text("""
    SELECT count(*) AS lines, coalesce(sum(i.quantity), 0)::bigint AS units
    FROM ordering.cart_items i JOIN ordering.carts c USING (cart_id)
    WHERE c.customer_id = :customer_id OR c.anonymous_id = :anonymous_id
""")
ADD = text("""
    INSERT INTO ordering.cart_items AS mine (cart_id, product_id, quantity, seen_price_minor, recommendation_id)
    VALUES (:cart_id, :product_id, :quantity, :price_minor, :recommendation_id)
    ON CONFLICT (cart_id, product_id) DO UPDATE SET
        quantity = least(mine.quantity + excluded.quantity, :largest),
        seen_price_minor = excluded.seen_price_minor,
        recommendation_id = coalesce(excluded.recommendation_id, mine.recommendation_id)
""")
SET = text("""
    UPDATE ordering.cart_items SET quantity = :quantity, seen_price_minor = coalesce(:price_minor, seen_price_minor)
    WHERE cart_id = :cart_id AND product_id = :product_id RETURNING product_id
""")
REMOVE = text("""
    DELETE FROM ordering.cart_items WHERE cart_id = :cart_id AND product_id = :product_id RETURNING product_id
""")
# What was put in while the order was being paid stays.
TAKE_OUT = text("""
    WITH bought AS (
        SELECT * FROM unnest(CAST(:product_ids AS bigint[]), CAST(:quantities AS bigint[])) AS b (product_id, quantity)
    ),
    emptied AS (
        DELETE FROM ordering.cart_items i USING bought b
        WHERE i.cart_id = :cart_id AND i.product_id = b.product_id AND i.quantity <= b.quantity
    )
    UPDATE ordering.cart_items i SET quantity = i.quantity - b.quantity FROM bought b
    WHERE i.cart_id = :cart_id AND i.product_id = b.product_id AND i.quantity > b.quantity
""")


async def ensure(session: AsyncSession, anonymous_id: UUID, customer_id: UUID | None) -> UUID:
    """The cart of this visitor, made when there is none, locked until the transaction ends."""
    statement, owner = (ENSURE_CUSTOMERS, customer_id) if customer_id else (ENSURE_ANONYMOUS, anonymous_id)
    cart_id: UUID = (await session.execute(statement, {"owner": owner})).scalar_one()
    return cart_id


async def lock_anonymous(session: AsyncSession, anonymous_id: UUID) -> UUID | None:
    """The cart of a browser nobody signed in with."""
    return (await session.execute(LOCK_ANONYMOUS, {"anonymous_id": anonymous_id})).scalar_one_or_none()


async def lock_customers(session: AsyncSession, customer_id: UUID) -> UUID | None:
    """The cart of a customer, so that one checkout at a time looks at it."""
    return (await session.execute(LOCK_CUSTOMERS, {"customer_id": customer_id})).scalar_one_or_none()


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
    row = (await reader.execute(TOTALS, {"anonymous_id": anonymous_id, "customer_id": customer_id})).one()
    return row.lines, row.units


async def add(session: AsyncSession, cart_id: UUID, item: CartItem) -> None:
    """Put units in, on top of those already there."""
    values = {
        "cart_id": cart_id,
        "product_id": item.product_id,
        "quantity": item.quantity,
        "price_minor": item.seen_price_minor,
        "recommendation_id": item.recommendation_id,
        "largest": LARGEST_QUANTITY,
    }
    await session.execute(ADD, values)


async def set_quantity(
    session: AsyncSession, cart_id: UUID, product_id: int, quantity: int, price_minor: int | None
) -> bool:
    """Replace a line's quantity; False when there is no such line."""
    values = {"cart_id": cart_id, "product_id": product_id, "quantity": quantity, "price_minor": price_minor}
    return (await session.execute(SET, values)).scalar_one_or_none() is not None


async def remove(session: AsyncSession, cart_id: UUID, product_id: int) -> bool:
    """Take a line out; False when there is no such line."""
    values = {"cart_id": cart_id, "product_id": product_id}
    return (await session.execute(REMOVE, values)).scalar_one_or_none() is not None


async def take_out(session: AsyncSession, cart_id: UUID, bought: Sequence[tuple[int, int]]) -> None:
    """Take (product id, quantity) out of a cart after they were ordered."""
    product_ids, quantities = zip(*bought, strict=True)
    values = {"cart_id": cart_id, "product_ids": list(product_ids), "quantities": list(quantities)}
    await session.execute(TAKE_OUT, values)
