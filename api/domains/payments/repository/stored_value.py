"""Rows of wallets and gift cards: what a spender locks. Their balance is in the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

Reader = AsyncConnection | AsyncSession

OPEN_WALLET = text("""
    INSERT INTO payments.wallets (customer_id, currency) VALUES (:customer_id, :currency) ON CONFLICT DO NOTHING
""")
LOCK_WALLET = text("""
    SELECT FROM payments.wallets WHERE customer_id = :customer_id AND currency = :currency FOR UPDATE
""")
WALLETS = text("SELECT currency FROM payments.wallets WHERE customer_id = :customer_id ORDER BY currency")
INSERT_CARD = text("""
    INSERT INTO payments.gift_cards (gift_card_id, code_digest, last_four, currency, initial_minor, expires_at)
    VALUES (:gift_card_id, :code_digest, :last_four, :currency, :initial_minor, :expires_at)
    ON CONFLICT (gift_card_id) DO NOTHING RETURNING gift_card_id
""")
_CARD = "SELECT gift_card_id, last_four, currency, initial_minor, expires_at, issued_at FROM payments.gift_cards"
FIND_CARD = text(f"{_CARD} WHERE code_digest = :code_digest")
LOCK_CARD = text(f"{_CARD} WHERE code_digest = :code_digest FOR UPDATE")
CARDS = text("""
    SELECT c.gift_card_id, c.last_four, c.currency, c.initial_minor, c.expires_at, c.issued_at,
        -(SELECT coalesce(sum(e.amount_minor), 0) FROM payments.ledger_entries e
          WHERE e.account = 'gift_card:' || c.gift_card_id AND e.currency = c.currency) AS left_minor
    FROM payments.gift_cards c ORDER BY c.issued_at DESC, c.gift_card_id LIMIT :limit
""")


async def open_wallet(session: AsyncSession, customer_id: UUID, currency: str) -> None:
    """Make sure that there is something to lock, and lock it until the transaction ends."""
    values = {"customer_id": customer_id, "currency": currency}
    await session.execute(OPEN_WALLET, values)
    await session.execute(LOCK_WALLET, values)


async def wallets(reader: Reader, customer_id: UUID) -> list[str]:
    """The currencies in which a customer has a wallet."""
    return list((await reader.execute(WALLETS, {"customer_id": customer_id})).scalars())


async def insert_card(
    session: AsyncSession,
    gift_card_id: UUID,
    code_digest: bytes,
    last_four: str,
    currency: str,
    initial_minor: int,
    expires_at: datetime | None,
) -> bool:
    """A new gift card; False when it is there already."""
    values = {
        "gift_card_id": gift_card_id,
        "code_digest": code_digest,
        "last_four": last_four,
        "currency": currency,
        "initial_minor": initial_minor,
        "expires_at": expires_at,
    }
    return (await session.execute(INSERT_CARD, values)).scalar_one_or_none() is not None


async def find_card(reader: Reader, code_digest: bytes) -> Row[Any] | None:
    """The gift card of a code."""
    return (await reader.execute(FIND_CARD, {"code_digest": code_digest})).one_or_none()


async def lock_card(session: AsyncSession, code_digest: bytes) -> Row[Any] | None:
    """The same, held until the transaction ends: its spenders come one after the other."""
    return (await session.execute(LOCK_CARD, {"code_digest": code_digest})).one_or_none()


async def cards(reader: Reader, limit: int) -> list[Row[Any]]:
    """Gift cards with what is left on each, newest first."""
    return list((await reader.execute(CARDS, {"limit": limit})).all())
