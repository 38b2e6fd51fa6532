"""SQL about who owns what, and what is said of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.repository.posts import READABLE

OWNS = text("SELECT communities.owns(:customer_id, :product_id)")
# Sorted, so that two workers that meet wait for each other in one order.
COUNT = text("""
    INSERT INTO communities.purchases AS p (order_id, product_id, customer_id, delivered, returned)
    SELECT order_id, product_id, customer_id, sum(delivered), sum(returned)
    FROM unnest(CAST(:orders AS uuid[]), CAST(:products AS bigint[]), CAST(:people AS uuid[]),
        CAST(:delivered AS integer[]), CAST(:returned AS integer[]))
        AS t (order_id, product_id, customer_id, delivered, returned)
    GROUP BY order_id, product_id, customer_id ORDER BY order_id, product_id
    ON CONFLICT (order_id, product_id) DO UPDATE SET delivered = p.delivered + excluded.delivered,
        returned = p.returned + excluded.returned
""")
MONEY = text("""
    INSERT INTO communities.order_money AS m (order_id, total_minor, refunded_minor)
    SELECT order_id, max(total_minor), max(refunded_minor)
    FROM unnest(CAST(:orders AS uuid[]), CAST(:totals AS bigint[]), CAST(:refunded AS bigint[]))
        AS t (order_id, total_minor, refunded_minor)
    GROUP BY order_id ORDER BY order_id
    ON CONFLICT (order_id) DO UPDATE SET total_minor = coalesce(excluded.total_minor, m.total_minor),
        refunded_minor = greatest(m.refunded_minor, excluded.refunded_minor)
""")
ABOUT = text(f"""
    SELECT p.post_id, p.created_at FROM communities.posts p
    WHERE p.product_id = :product_id AND p.status = 'published' AND {READABLE}
      AND (CAST(:at AS timestamptz) IS NULL
          OR (p.created_at, p.post_id) < (CAST(:at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY p.created_at DESC, p.post_id DESC LIMIT :limit
""")  # noqa: S608


async def owns(reader: Reader, customer_id: UUID, product_id: int) -> bool:
    """Whether a product reached somebody and was neither returned nor refunded."""
    rows: Any = await reader.execute(OWNS, {"customer_id": customer_id, "product_id": product_id})
    return bool(rows.scalar_one())


async def count(session: AsyncSession, rows: Sequence[tuple[UUID, int, UUID, int, int]]) -> None:
    """(order, product, person, units delivered, units returned), on top of what is known."""
    if rows:
        orders, products, people, delivered, returned = (list(column) for column in zip(*rows, strict=True))
        values = {"orders": orders, "products": products, "people": people, "delivered": delivered}
        await session.execute(COUNT, values | {"returned": returned})


async def note_money(session: AsyncSession, rows: Sequence[tuple[UUID, int | None, int]]) -> None:
    """(order, what it cost, all that went back so far)."""
    if rows:
        orders, totals, refunded = (list(column) for column in zip(*rows, strict=True))
        await session.execute(MONEY, {"orders": orders, "totals": totals, "refunded": refunded})


async def about(
    reader: Reader, product_id: int, viewer: UUID | None, after: tuple[str, UUID] | None, limit: int
) -> list[tuple[UUID, datetime]]:
    """Posts about a product that the viewer may read, the newest first, after the one given."""
    at, last = after or (None, None)
    values = {"product_id": product_id, "viewer": viewer, "at": at, "last": last, "limit": limit}
    rows: Any = await reader.execute(ABOUT, values)
    return [(row.post_id, row.created_at) for row in rows]
