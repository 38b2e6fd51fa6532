"""The addresses that a person keeps with identity, for the checkout."""

from uuid import UUID

from pydantic import ValidationError

from api.core.db import reading, transaction
from api.core.errors import Conflict
from api.domains.identity import facade as identity
from api.domains.identity.contracts import Address as KeptAddress
from api.domains.ordering.contracts import Address


async def kept(customer_id: UUID) -> list[KeptAddress]:
    """The default one first."""
    async with reading() as connection:
        return await identity.addresses(connection, customer_id)


def as_written(address: KeptAddress) -> Address:
    """A kept address as an order bears it: what is changed later changes no order."""
    return Address(
        name=address.name,
        line1=address.line1,
        line2=address.line2,
        postal_code=address.postal_code,
        city=address.city,
        region=address.region,
        country=address.country,
        phone=address.phone,
    )


async def keep(customer_id: UUID, address: Address) -> None:
    """Keep it for the next time; an order does not fail for an address book that is full."""
    names = ("name", "line1", "line2", "postal_code", "city", "region", "country", "phone")
    try:
        async with transaction() as session:
            await identity.keep_address(session, customer_id, **{name: getattr(address, name) for name in names})
    except (Conflict, ValidationError):
        return
