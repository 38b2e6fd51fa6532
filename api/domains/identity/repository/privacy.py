"""Statements about preferences and consents."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import straight
from api.core.db import Reader

_DECLINED = text("SELECT declined_mails FROM identity.preferences WHERE customer_id = :customer_id")
_WANTING = text(
    "SELECT c.customer_id, c.email FROM identity.customers c LEFT JOIN identity.preferences p USING (customer_id)"
    " WHERE c.customer_id = ANY(:customer_ids) AND NOT (:kind = ANY(coalesce(p.declined_mails, '{}')))"
)
_PUT_DECLINED = text(
    "INSERT INTO identity.preferences (customer_id, declined_mails) VALUES (:customer_id, :declined)"
    " ON CONFLICT (customer_id) DO UPDATE SET declined_mails = excluded.declined_mails"
)
_IS_PERSONALISED = text("SELECT is_personalised FROM identity.preferences WHERE customer_id = :customer_id")
_PUT_PERSONALISED = text(
    "INSERT INTO identity.preferences (customer_id, is_personalised) VALUES (:customer_id, :is_personalised)"
    " ON CONFLICT (customer_id) DO UPDATE SET is_personalised = excluded.is_personalised"
)
_LAST_SAID = text(
    "SELECT DISTINCT ON (purpose) purpose, version, is_granted, said_at FROM identity.consents"
    " WHERE customer_id = :customer_id ORDER BY purpose, entry_id DESC"
)
_CONSENTING = text("""
    SELECT customer_id FROM (
        SELECT DISTINCT ON (customer_id) customer_id, version, is_granted FROM identity.consents
        WHERE purpose = :purpose AND customer_id > :after ORDER BY customer_id, entry_id DESC
    ) AS last
    WHERE is_granted AND version = :version ORDER BY customer_id LIMIT :limit
""")
_SAY = text(
    "INSERT INTO identity.consents (customer_id, purpose, version, is_granted)"
    " VALUES (:customer_id, :purpose, :version, :is_granted)"
)
_LOCK = text("SELECT 1 FROM identity.customers WHERE customer_id = :customer_id FOR NO KEY UPDATE")


async def declined_mails(reader: Reader, customer_id: UUID) -> frozenset[str]:
    """Kinds of mail that the person does not want."""
    found = (await reader.execute(_DECLINED, {"customer_id": customer_id})).scalar_one_or_none()
    return frozenset(found or ())


async def put_declined_mails(session: AsyncSession, customer_id: UUID, declined: Sequence[str]) -> None:
    """Keep the kinds that the person does not want."""
    await session.execute(_PUT_DECLINED, {"customer_id": customer_id, "declined": list(declined)})


async def emails_wanting(reader: Reader, customer_ids: Sequence[UUID], kind: str) -> dict[UUID, str]:
    """The e-mail addresses of those of these people who want mails of a kind."""
    rows = await reader.execute(_WANTING, {"customer_ids": list(customer_ids), "kind": kind})
    return {row[0]: row[1] for row in rows}


async def is_personalised(reader: Reader, customer_id: UUID) -> bool:
    """What the person chose; who said nothing did not decline."""
    found = (await straight.read(reader, _IS_PERSONALISED, {"customer_id": customer_id})).scalar_one_or_none()
    return found is not False


async def put_personalised(session: AsyncSession, customer_id: UUID, is_personalised: bool) -> None:
    """Keep what the person chose."""
    values = {"customer_id": customer_id, "is_personalised": is_personalised}
    await session.execute(_PUT_PERSONALISED, values)


async def last_said(reader: Reader, customer_id: UUID) -> dict[str, Any]:
    """Purpose → row of version, is_granted and said_at: the person's last word."""
    return {row.purpose: row for row in await reader.execute(_LAST_SAID, {"customer_id": customer_id})}


async def lock(session: AsyncSession, customer_id: UUID) -> None:
    """Until the transaction ends nobody else changes what this person said."""
    await session.execute(_LOCK, {"customer_id": customer_id})


async def say(session: AsyncSession, customer_id: UUID, purpose: str, version: str, is_granted: bool) -> None:
    """Add the person's word to those of before."""
    values = {"customer_id": customer_id, "purpose": purpose, "version": version, "is_granted": is_granted}
    await session.execute(_SAY, values)


async def consenting(reader: Reader, purpose: str, version: str, after: UUID, limit: int) -> list[UUID]:
    """People behind `after` whose last word on a purpose was to agree, to this very text; by their ids."""
    values = {"purpose": purpose, "version": version, "after": after, "limit": limit}
    return list((await reader.execute(_CONSENTING, values)).scalars())
