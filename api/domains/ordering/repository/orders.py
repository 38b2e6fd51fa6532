"""SQL of orders: what they are, and the two statements that every checkout needs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.outbox import INSERT_AS_CTE, as_values
from api.domains.ordering.contracts import Address, OrderStatus, TaxLine
from api.domains.ordering.domain import Priced, PricedLine
from ingestion.contracts import Event

Reader = AsyncConnection | AsyncSession

COLUMNS = """
    order_id, customer_id, status, source, currency, total_minor, created_at, placed_at, cart_id, recommendation_id,
    coalesce(group_id, order_id) AS group_id, seller_id, delivery_method, delivery_minor, delivery_tax_minor,
    tax_minor, is_tax_included, tax_lines, address, promotion_code, refunded_minor, delivered_at
"""
FIND = text(f"SELECT {COLUMNS} FROM ordering.orders WHERE order_id = :order_id")  # noqa: S608
LOCK = text(f"SELECT {COLUMNS} FROM ordering.orders WHERE order_id = :order_id FOR NO KEY UPDATE")  # noqa: S608
_OF_GROUP = f"""
    SELECT {COLUMNS} FROM ordering.orders o WHERE order_id = :group_id OR o.group_id = :group_id
    ORDER BY o.group_id NULLS FIRST, order_id
"""  # noqa: S608
READ_GROUP, LOCK_GROUP = text(_OF_GROUP), text(_OF_GROUP + " FOR NO KEY UPDATE")
OF_CUSTOMER = text(f"""
    SELECT {COLUMNS} FROM ordering.orders
    WHERE customer_id = :customer_id AND status <> 'expired'
      AND (CAST(:created_at AS timestamptz) IS NULL
           OR (created_at, order_id) < (CAST(:created_at AS timestamptz), CAST(:order_id AS uuid)))
    ORDER BY created_at DESC, order_id DESC LIMIT :limit
""")  # noqa: S608
LINES = text("""
    SELECT order_id, line_number, product_id, variant_id, quantity, unit_price_minor, discount_minor, tax_minor,
        tax_class, components
    FROM ordering.order_lines WHERE order_id = ANY(:order_ids) ORDER BY order_id, line_number
""")
STALE_DRAFTS = text("""
    SELECT order_id, clock_timestamp() - created_at AS age FROM ordering.orders
    WHERE status = 'draft' AND group_id IS NULL AND created_at < clock_timestamp() - CAST(:grace AS interval)
    ORDER BY created_at LIMIT :limit
""")
DRAFTS_AMONG = text(
    "SELECT order_id FROM ordering.orders WHERE order_id = ANY(:group_ids) AND status = 'draft' AND group_id IS NULL"
)
PLACED_OF = text("""
    SELECT order_id FROM ordering.orders
    WHERE status = 'placed' AND (order_id = ANY(:group_ids) OR group_id = ANY(:group_ids)) ORDER BY placed_at, order_id
""")
# Nothing is written unless the cart is the one that was read; the winner makes every other checkout of it read again.
INSERT = text(f"""
    WITH cart AS (
        UPDATE ordering.carts SET version = version + 1 WHERE cart_id = :cart_id AND version = :version
        RETURNING cart_id
    ),
    made AS (
        INSERT INTO ordering.orders (
            order_id, group_id, seller_id, customer_id, status, source, currency, total_minor, created_at, cart_id,
            recommendation_id, delivery_method, delivery_minor, delivery_tax_minor, tax_minor, is_tax_included,
            tax_lines, region, address, promotion_code)
        SELECT o.order_id, o.group_id, o.seller_id, :customer_id, 'draft', :source, :currency, o.total_minor, now(),
            CASE WHEN o.group_id IS NULL THEN cart_id END, :recommendation_id, :delivery_method, o.delivery_minor,
            o.delivery_tax_minor, o.tax_minor, o.is_tax_included, o.tax_lines, :region, CAST(:address AS jsonb),
            :promotion_code
        FROM cart, jsonb_to_recordset(CAST(:orders AS jsonb)) AS o (
            order_id uuid, group_id uuid, seller_id uuid, total_minor bigint, delivery_minor bigint,
            delivery_tax_minor bigint, tax_minor bigint, is_tax_included boolean, tax_lines jsonb)
        RETURNING order_id
    ),
    filled AS (
        INSERT INTO ordering.order_lines (
            order_id, line_number, product_id, variant_id, quantity, unit_price_minor, discount_minor, total_minor,
            tax_minor, tax_class, components)
        SELECT l.* FROM cart, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (
            order_id uuid, line_number integer, product_id bigint, variant_id bigint, quantity bigint,
            unit_price_minor bigint, discount_minor bigint, total_minor bigint, tax_minor bigint, tax_class text,
            components jsonb)
    ),
    noted AS (
        INSERT INTO ordering.order_history (order_id, position, kind, to_status) SELECT order_id, 1, 'begun', 'draft'
        FROM made
    ),
    {INSERT_AS_CTE}
    SELECT now() AS begun_at FROM cart
""")  # noqa: S608 -- only a constant
# What was put into the cart while the order was being paid stays.
PLACE = text(f"""
    WITH placed AS (
        UPDATE ordering.orders SET status = 'placed', placed_at = now()
        WHERE (order_id = :group_id OR group_id = :group_id) AND status = 'draft' RETURNING order_id, cart_id
    ),
    noted AS (
        INSERT INTO ordering.order_history (order_id, position, kind, from_status, to_status)
        SELECT p.order_id, 1 + (SELECT coalesce(max(h.position), 0) FROM ordering.order_history h
                                WHERE h.order_id = p.order_id), 'placed', 'draft', 'placed'
        FROM placed p
    ),
    bought AS (
        SELECT * FROM unnest(CAST(:variant_ids AS bigint[]), CAST(:quantities AS bigint[])) AS b (variant_id, quantity)
    ),
    cart AS (
        UPDATE ordering.carts c SET version = version + 1 FROM placed p WHERE c.cart_id = p.cart_id RETURNING c.cart_id
    ),
    emptied AS (
        DELETE FROM ordering.cart_items i USING bought b, cart c
        WHERE i.cart_id = c.cart_id AND i.variant_id = b.variant_id AND i.quantity <= b.quantity
    ),
    lowered AS (
        UPDATE ordering.cart_items i SET quantity = i.quantity - b.quantity FROM bought b, cart c
        WHERE i.cart_id = c.cart_id AND i.variant_id = b.variant_id AND i.quantity > b.quantity
    ),
    {INSERT_AS_CTE}
    SELECT now() AS placed_at FROM placed LIMIT 1
""")  # noqa: S608 -- only a constant


@dataclass(frozen=True, slots=True)
class Draft:
    """A checkout that is about to be paid: its orders, of which the first bears the checkout's id."""

    group_id: UUID
    customer_id: UUID
    source: str
    currency: str
    cart_id: UUID
    version: int
    recommendation_id: UUID | None
    delivery_method: str
    region: str | None
    address: Address | None
    promotion_code: str | None
    parts: tuple[tuple[UUID, UUID | None, Priced], ...]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of `ordering.orders`."""

    order_id: UUID
    customer_id: UUID
    status: OrderStatus
    source: str
    currency: str
    total_minor: int
    created_at: datetime
    placed_at: datetime | None
    cart_id: UUID | None
    recommendation_id: UUID | None
    group_id: UUID
    seller_id: UUID | None
    delivery_method: str | None
    delivery_minor: int
    delivery_tax_minor: int
    tax_minor: int
    is_tax_included: bool
    tax_lines: tuple[TaxLine, ...]
    address: Address | None
    promotion_code: str | None
    refunded_minor: int
    delivered_at: datetime | None


def row_of(row: Row[Any]) -> OrderRow:
    """The row with its JSON read."""
    read = {
        "status": OrderStatus(row.status),
        "tax_lines": tuple(TaxLine(**line) for line in row.tax_lines),
        "address": Address(**row.address) if row.address else None,
    }
    return OrderRow(**(row._asdict() | read))


async def find(reader: Reader, order_id: UUID) -> OrderRow | None:
    """One order."""
    row = (await reader.execute(FIND, {"order_id": order_id})).one_or_none()
    return row_of(row) if row else None


async def lock(session: AsyncSession, order_id: UUID) -> OrderRow | None:
    """One order, held until the transaction ends."""
    row = (await session.execute(LOCK, {"order_id": order_id})).one_or_none()
    return row_of(row) if row else None


async def lock_group(session: AsyncSession, group_id: UUID) -> list[OrderRow]:
    """All orders of a checkout, the first one first, held until the transaction ends."""
    return [row_of(row) for row in await session.execute(LOCK_GROUP, {"group_id": group_id})]


async def of_group(reader: Reader, group_id: UUID) -> list[OrderRow]:
    """All orders of a checkout, the first one first."""
    return [row_of(row) for row in await reader.execute(READ_GROUP, {"group_id": group_id})]


async def of_customer(
    reader: Reader, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    """A customer's orders, newest first, older than the keyset `before`; checkouts that came to nothing left out."""
    created_at, order_id = before or (None, None)
    values = {"customer_id": customer_id, "created_at": created_at, "order_id": order_id, "limit": limit}
    return [row_of(row) for row in await reader.execute(OF_CUSTOMER, values)]


async def lines(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, tuple[PricedLine, ...]]:
    """The lines of each order."""
    grouped: dict[UUID, list[PricedLine]] = defaultdict(list)
    for row in (await reader.execute(LINES, {"order_ids": list(order_ids)})).mappings():
        line = dict(row)
        line["components"] = tuple((variant_id, quantity) for variant_id, quantity in line["components"])
        grouped[line.pop("order_id")].append(PricedLine(**line))
    return {order_id: tuple(rows) for order_id, rows in grouped.items()}


async def stale_drafts(reader: Reader, grace: timedelta, limit: int) -> list[tuple[UUID, timedelta]]:
    """Checkouts that should have been settled by now, with their age, oldest first."""
    rows = await reader.execute(STALE_DRAFTS, {"grace": grace, "limit": limit})
    return [(row.order_id, row.age) for row in rows]


async def drafts_among(reader: Reader, group_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these checkouts that are not decided yet."""
    return list((await reader.execute(DRAFTS_AMONG, {"group_ids": list(group_ids)})).scalars())


async def placed_of(reader: Reader, group_ids: Sequence[UUID]) -> list[UUID]:
    """The orders of these checkouts that are placed and not on their way, oldest first."""
    return list((await reader.execute(PLACED_OF, {"group_ids": list(group_ids)})).scalars())


async def insert_draft(session: AsyncSession, draft: Draft, events: Sequence[Event]) -> datetime | None:
    """New orders that wait for their payment, and when; None, and to be undone, for a cart that is not the one read."""
    made, filled = [], []
    for order_id, seller_id, part in draft.parts:
        made.append(
            {
                "order_id": order_id,
                "group_id": None if order_id == draft.group_id else draft.group_id,
                "seller_id": seller_id,
                "total_minor": part.total_minor,
                "delivery_minor": part.delivery_minor,
                "delivery_tax_minor": part.delivery_tax_minor,
                "tax_minor": part.tax_minor,
                "is_tax_included": part.is_tax_included,
                "tax_lines": part.tax_lines,
            }
        )
        filled += [_line(order_id, line) for line in part.lines]
    values = {
        "customer_id": draft.customer_id,
        "source": draft.source,
        "currency": draft.currency,
        "cart_id": draft.cart_id,
        "version": draft.version,
        "recommendation_id": draft.recommendation_id,
        "delivery_method": draft.delivery_method,
        "region": draft.region,
        "address": orjson.dumps(draft.address).decode() if draft.address else None,
        "promotion_code": draft.promotion_code,
        "orders": orjson.dumps(made).decode(),
        "lines": orjson.dumps(filled).decode(),
    }
    begun_at: datetime | None = (await session.execute(INSERT, values | as_values(events))).scalar_one_or_none()
    return begun_at


def _line(order_id: UUID, line: PricedLine) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_number": line.line_number,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "discount_minor": line.discount_minor,
        "total_minor": line.total_minor,
        "tax_minor": line.tax_minor,
        "tax_class": line.tax_class,
        "components": line.components,
    }


async def place(
    session: AsyncSession, group_id: UUID, bought: Sequence[PricedLine], events: Sequence[Event]
) -> datetime:
    """Drafts become orders, the cart gives up what was bought, and `events` are told: one statement; returns when."""
    values = {
        "group_id": group_id,
        "variant_ids": [line.variant_id for line in bought],
        "quantities": [line.quantity for line in bought],
    }
    placed_at: datetime = (await session.execute(PLACE, values | as_values(events))).scalar_one()
    return placed_at


async def read_draft(reader: Reader, group_id: UUID) -> Draft:
    """A checkout as it was written, for whoever goes on with it."""
    rows = await of_group(reader, group_id)
    filled = await lines(reader, [row.order_id for row in rows])
    first = rows[0]
    return Draft(
        group_id=group_id,
        customer_id=first.customer_id,
        source=first.source,
        currency=first.currency,
        cart_id=first.cart_id or group_id,
        version=0,
        recommendation_id=first.recommendation_id,
        delivery_method=first.delivery_method or "",
        region=None,
        address=first.address,
        promotion_code=first.promotion_code,
        parts=tuple(
            (
                row.order_id,
                row.seller_id,
                Priced(
                    filled[row.order_id],
                    row.delivery_minor,
                    row.delivery_tax_minor,
                    row.tax_lines,
                    row.is_tax_included,
                ),
            )
            for row in rows
        ),
    )
