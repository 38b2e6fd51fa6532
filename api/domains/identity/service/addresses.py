"""A person's addresses: at most `MOST_ADDRESSES`, one of them the default."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.identity.contracts import Address
from api.domains.identity.domain import MOST_ADDRESSES
from api.domains.identity.errors import AddressNotFound, TooManyAddresses
from api.domains.identity.repository import addresses as repository
from api.domains.identity.schemas import AddressWrite
from ingestion.contracts import new_event_id


async def list_addresses(reader: Reader, customer_id: UUID) -> list[Address]:
    """The default one first."""
    return await repository.list_addresses(reader, customer_id)


async def find(reader: Reader, customer_id: UUID, address_id: UUID) -> Address | None:
    """One, or None where it is not this person's."""
    return await repository.get_address(reader, customer_id, address_id)


async def get(reader: Reader, customer_id: UUID, address_id: UUID) -> Address:
    """One. Raises AddressNotFound."""
    found = await find(reader, customer_id, address_id)
    if found is None:
        raise AddressNotFound
    return found


async def add(session: AsyncSession, customer_id: UUID, written: AddressWrite) -> Address:
    """Keep another address; the first is the default. The same one again is not kept twice. Raises TooManyAddresses."""
    count = await repository.count_locked(session, customer_id)
    values = _values(written)
    for known in await repository.list_addresses(session, customer_id):
        if all(getattr(known, name) == value for name, value in values.items()):
            if written.is_default:
                await repository.set_default(session, customer_id, known.address_id)
            return await get(session, customer_id, known.address_id)
    if count >= MOST_ADDRESSES:
        raise TooManyAddresses
    address_id = new_event_id()
    values |= {"address_id": address_id, "is_default": count == 0}
    await repository.add_address(session, customer_id, values)
    if written.is_default and count:
        await repository.set_default(session, customer_id, address_id)
    return await get(session, customer_id, address_id)


async def change(session: AsyncSession, customer_id: UUID, address_id: UUID, written: AddressWrite) -> Address:
    """Write it anew. Orders keep the address that they were placed with. Raises AddressNotFound."""
    await repository.count_locked(session, customer_id)
    if not await repository.change_address(session, customer_id, {"address_id": address_id, **_values(written)}):
        raise AddressNotFound
    if written.is_default:
        await repository.set_default(session, customer_id, address_id)
    return await get(session, customer_id, address_id)


async def remove(session: AsyncSession, customer_id: UUID, address_id: UUID) -> None:
    """Forget it. Raises AddressNotFound."""
    await repository.count_locked(session, customer_id)
    if not await repository.remove_address(session, customer_id, address_id):
        raise AddressNotFound


def _values(written: AddressWrite) -> dict[str, Any]:
    return written.model_dump(exclude={"is_default"})
