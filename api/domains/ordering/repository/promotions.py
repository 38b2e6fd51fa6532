"""SQL of promotions. A code is claimed on its locked row, so a limit holds whoever comes at once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import PromotionKind
from api.domains.ordering.domain import Promotion

Reader = AsyncConnection | AsyncSession

COLUMNS = """
    promotion_id, code, title, kind, starts_at, ends_at, percent, amount_minor, buy_quantity, get_quantity,
    minimum_minor, most_uses, most_per_customer, product_ids, departments, uses, is_active
"""
FIND = text(f"SELECT {COLUMNS} FROM ordering.promotions WHERE code = :code")  # noqa: S608
GET = text(f"SELECT {COLUMNS} FROM ordering.promotions WHERE promotion_id = :promotion_id")  # noqa: S608
ALL = text(f"SELECT {COLUMNS} FROM ordering.promotions ORDER BY created_at DESC, promotion_id LIMIT :limit")  # noqa: S608
CLAIM = text(f"""
    UPDATE ordering.promotions SET uses = uses + 1
    WHERE code = :code AND (most_uses IS NULL OR uses < most_uses) RETURNING {COLUMNS}
""")  # noqa: S608
USE = text("""
    INSERT INTO ordering.promotion_uses (order_id, promotion_id, customer_id)
    SELECT :order_id, :promotion_id, :customer_id
    WHERE CAST(:most AS bigint) IS NULL OR :most > (
        SELECT count(*) FROM ordering.promotion_uses
        WHERE promotion_id = :promotion_id AND customer_id = :customer_id)
    RETURNING order_id
""")
IS_OPEN = text("""
    SELECT CAST(:most AS bigint) IS NULL OR :most > count(*) FROM ordering.promotion_uses
    WHERE promotion_id = :promotion_id AND customer_id = :customer_id
""")
RELEASE = text("""
    WITH freed AS (DELETE FROM ordering.promotion_uses WHERE order_id = :order_id RETURNING promotion_id)
    UPDATE ordering.promotions p SET uses = p.uses - 1 FROM freed WHERE p.promotion_id = freed.promotion_id
""")
INSERT = text("""
    INSERT INTO ordering.promotions (
        promotion_id, code, title, kind, percent, amount_minor, buy_quantity, get_quantity, minimum_minor, starts_at,
        ends_at, most_uses, most_per_customer, product_ids, departments)
    VALUES (
        :promotion_id, :code, :title, :kind, :percent, :amount_minor, :buy_quantity, :get_quantity, :minimum_minor,
        coalesce(:starts_at, now()), :ends_at, :most_uses, :most_per_customer, :product_ids, :departments)
    ON CONFLICT (code) DO NOTHING RETURNING promotion_id
""")
SWITCH = text("UPDATE ordering.promotions SET is_active = :is_active WHERE promotion_id = :promotion_id")


def _promotion(row: Row[Any]) -> Promotion:
    read = {
        "kind": PromotionKind(row.kind),
        "product_ids": tuple(row.product_ids),
        "departments": tuple(row.departments),
    }
    return Promotion(**(row._asdict() | read))


async def is_open(reader: Reader, promotion: Promotion, customer_id: UUID) -> bool:
    """Whether this customer may still use it."""
    values = {"promotion_id": promotion.promotion_id, "customer_id": customer_id, "most": promotion.most_per_customer}
    return bool((await reader.execute(IS_OPEN, values)).scalar_one())


async def find(reader: Reader, code: str) -> Promotion | None:
    """The promotion with this code."""
    row = (await reader.execute(FIND, {"code": code})).one_or_none()
    return _promotion(row) if row else None


async def get(reader: Reader, promotion_id: UUID) -> Promotion | None:
    """One promotion."""
    row = (await reader.execute(GET, {"promotion_id": promotion_id})).one_or_none()
    return _promotion(row) if row else None


async def newest(reader: Reader, limit: int) -> list[Promotion]:
    """Promotions, newest first."""
    return [_promotion(row) for row in await reader.execute(ALL, {"limit": limit})]


async def claim(session: AsyncSession, code: str) -> Promotion | None:
    """One more use of the code, whose row stays locked; None when there is no such code or no use left."""
    row = (await session.execute(CLAIM, {"code": code})).one_or_none()
    return _promotion(row) if row else None


async def use(session: AsyncSession, promotion: Promotion, order_id: UUID, customer_id: UUID) -> bool:
    """Note whose use it is; False when this customer has had as many as one may."""
    values = {
        "order_id": order_id,
        "promotion_id": promotion.promotion_id,
        "customer_id": customer_id,
        "most": promotion.most_per_customer,
    }
    return (await session.execute(USE, values)).scalar_one_or_none() is not None


async def release(session: AsyncSession, order_id: UUID) -> None:
    """The checkout came to nothing: its use, if it had one, is free again."""
    await session.execute(RELEASE, {"order_id": order_id})


async def insert(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """A new promotion; False when its code is taken."""
    return (await session.execute(INSERT, dict(values))).scalar_one_or_none() is not None


async def switch(session: AsyncSession, promotion_id: UUID, is_active: bool) -> None:
    """End a promotion, or take it up again."""
    await session.execute(SWITCH, {"promotion_id": promotion_id, "is_active": is_active})
