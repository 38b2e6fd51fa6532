"""Statements about addresses."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.identity.contracts import Address

_COLUMNS = "address_id, name, line1, line2, city, region, postal_code, country, phone, is_default"
_LIST = text(
    f"SELECT {_COLUMNS} FROM identity.addresses WHERE customer_id = :customer_id"  # noqa: S608 -- columns above
    " ORDER BY is_default DESC, created_at DESC, address_id"
)
_GET = text(
    f"SELECT {_COLUMNS} FROM identity.addresses"  # noqa: S608 -- columns above
    " WHERE customer_id = :customer_id AND address_id = :address_id"
)
_LOCK = text("SELECT 1 FROM identity.customers WHERE customer_id = :customer_id FOR NO KEY UPDATE")
_COUNT = text("SELECT count(*) FROM identity.addresses WHERE customer_id = :customer_id")
_ADD = text(
    "INSERT INTO identity.addresses (address_id, customer_id, name, line1, line2, city, region, postal_code, country,"
    " phone, is_default) VALUES (:address_id, :customer_id, :name, :line1, :line2, :city, :region, :postal_code,"
    " :country, :phone, :is_default)"
)
_CHANGE = text(
    "UPDATE identity.addresses SET name = :name, line1 = :line1, line2 = :line2, city = :city, region = :region,"
    " postal_code = :postal_code, country = :country, phone = :phone"
    " WHERE customer_id = :customer_id AND address_id = :address_id"
)
_REMOVE = text(
    "DELETE FROM identity.addresses WHERE customer_id = :customer_id AND address_id = :address_id RETURNING is_default"
)
_NO_DEFAULT = text("UPDATE identity.addresses SET is_default = false WHERE customer_id = :customer_id AND is_default")
_SET_DEFAULT = text(
    "UPDATE identity.addresses SET is_default = true WHERE customer_id = :customer_id AND address_id = :address_id"
)
_NEWEST_IS_DEFAULT = text(
    "UPDATE identity.addresses SET is_default = true WHERE address_id = (SELECT address_id FROM identity.addresses"
    " WHERE customer_id = :customer_id ORDER BY created_at DESC, address_id LIMIT 1)"
)


async def list_addresses(reader: Reader, customer_id: UUID) -> list[Address]:
    """The default one first, then the newest."""
    rows: Any = await reader.execute(_LIST, {"customer_id": customer_id})
    return [Address(**row) for row in rows.mappings()]


async def get_address(reader: Reader, customer_id: UUID, address_id: UUID) -> Address | None:
    """One, if it is this person's."""
    found: Any = await reader.execute(_GET, {"customer_id": customer_id, "address_id": address_id})
    row = found.mappings().one_or_none()
    return None if row is None else Address(**row)


async def count_locked(session: AsyncSession, customer_id: UUID) -> int:
    """How many there are; until the transaction ends nobody else changes this person's."""
    await session.execute(_LOCK, {"customer_id": customer_id})
    return int((await session.execute(_COUNT, {"customer_id": customer_id})).scalar_one())


async def add_address(session: AsyncSession, customer_id: UUID, values: Mapping[str, Any]) -> None:
    """Insert one."""
    await session.execute(_ADD, {"customer_id": customer_id, **values})


async def change_address(session: AsyncSession, customer_id: UUID, values: Mapping[str, Any]) -> bool:
    """Write everything but which one is the default; False when it is not this person's."""
    done: Any = await session.execute(_CHANGE, {"customer_id": customer_id, **values})
    return bool(done.rowcount)


async def set_default(session: AsyncSession, customer_id: UUID, address_id: UUID) -> None:
    """Make this one the default and no other."""
    await session.execute(_NO_DEFAULT, {"customer_id": customer_id})
    await session.execute(_SET_DEFAULT, {"customer_id": customer_id, "address_id": address_id})


async def remove_address(session: AsyncSession, customer_id: UUID, address_id: UUID) -> bool:
    """Delete one; the newest of the rest takes its place as the default. False when it is not this person's."""
    found = await session.execute(_REMOVE, {"customer_id": customer_id, "address_id": address_id})
    was_default: bool | None = found.scalar_one_or_none()
    if was_default:
        await session.execute(_NEWEST_IS_DEFAULT, {"customer_id": customer_id})
    return was_default is not None
