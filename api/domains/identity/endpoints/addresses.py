"""JSON of a person's addresses."""

from uuid import UUID

from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.identity.contracts import Address
from api.domains.identity.schemas import AddressWrite
from api.domains.identity.service import addresses

router = Router(prefix="/v1/me/addresses")


@router.get("")
async def list_addresses(person: CurrentDep, reader: ReadDep) -> list[Address]:
    """One's addresses, the default one first."""
    return await addresses.list_addresses(reader, person.customer_id)


@router.post("", status_code=201)
async def add_address(written: AddressWrite, person: CurrentDep, session: SessionDep) -> Address:
    """Keep another address; the same one again is kept once."""
    return await addresses.add(session, person.customer_id, written)


@router.get("/{address_id}")
async def get_address(address_id: UUID, person: CurrentDep, reader: ReadDep) -> Address:
    """One of one's addresses."""
    return await addresses.get(reader, person.customer_id, address_id)


@router.put("/{address_id}")
async def change_address(address_id: UUID, written: AddressWrite, person: CurrentDep, session: SessionDep) -> Address:
    """Write it anew; orders keep the address that they were placed with."""
    return await addresses.change(session, person.customer_id, address_id, written)


@router.delete("/{address_id}", status_code=204)
async def remove_address(address_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Forget it."""
    await addresses.remove(session, person.customer_id, address_id)
