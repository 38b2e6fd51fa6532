"""The door of identity for other domains, the application and the command line."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader, reading
from api.domains.identity.contracts import Address, CustomerImport, CustomerView
from api.domains.identity.repository import accounts as repository
from api.domains.identity.schemas import AddressWrite
from api.domains.identity.service import accounts, passwords, privacy, sign_in
from api.domains.identity.service import addresses as address_book


async def import_customers(session: AsyncSession, rows: Sequence[CustomerImport]) -> int:
    """Add customers in bulk, with a `CustomerRegistered` each; those already there are left alone.

    Returns how many were new. A violated constraint (an e-mail twice among the rows) fails the whole import.
    """
    return await accounts.import_customers(session, rows)


def hash_password(password: str) -> str:
    """The hash that `CustomerImport` takes; blocks for some 20 ms."""
    return passwords.hash_now(password)


async def get_customer(session: AsyncSession, customer_id: UUID) -> CustomerView | None:
    """A customer, or None."""
    return await accounts.get_customer(session, customer_id)


async def age_days(reader: Reader, customer_id: UUID) -> float:
    """How old an account is, in days; 0 where there is none."""
    return await repository.age_days(reader, customer_id)


async def linked_accounts(reader: Reader, customer_id: UUID) -> set[UUID]:
    """Other accounts with the same mailbox (`ada+shop@…` is that of `ada@…`) or the same address at home; up to 100."""
    return await repository.linked_accounts(reader, customer_id)


async def grant_role(session: AsyncSession, email: str, role: str) -> CustomerView:
    """Give a customer a role. Raises Invalid for an unknown role and CustomerNotFound for an unknown e-mail."""
    return await accounts.grant_role(session, email, role)


async def confirmed_at(session_id: UUID) -> datetime | None:
    """When the person of a sign-in last proved who it is; None when the sign-in is over."""
    async with reading() as connection:
        return await repository.confirmed_at(connection, session_id)


async def addresses(reader: Reader, customer_id: UUID) -> list[Address]:
    """A person's addresses, the default one first."""
    return await address_book.list_addresses(reader, customer_id)


async def get_address(reader: Reader, customer_id: UUID, address_id: UUID) -> Address | None:
    """One of them; None when it is not this person's."""
    return await address_book.find(reader, customer_id, address_id)


async def keep_address(session: AsyncSession, customer_id: UUID, **fields: str) -> Address:
    """Keep one for the next time. Raises TooManyAddresses, and ValidationError for fields that do not fit."""
    return await address_book.add(session, customer_id, AddressWrite.model_validate(fields))


async def email_of(reader: Reader, customer_id: UUID) -> str | None:
    """The person's e-mail address."""
    return (await repository.emails_of(reader, [customer_id])).get(customer_id)


async def emails_of(reader: Reader, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The e-mail addresses of these people, without those that there are not."""
    return await repository.emails_of(reader, customer_ids)


async def emails_with_role(reader: Reader, role: str) -> list[str]:
    """The e-mail addresses of everybody with a role, up to 200."""
    return [person.email for person in await repository.list_staff(reader) if role in person.roles]


async def verified_email(reader: Reader, customer_id: UUID) -> str | None:
    """The person's e-mail address, if it was shown to be theirs."""
    return await repository.verified_email(reader, customer_id)


async def emails_wanting(reader: Reader, customer_ids: Sequence[UUID], kind: str) -> dict[UUID, str]:
    """The addresses of those of these people who want a kind of mail: price-drop, back-in-stock, answers, reviews."""
    return await privacy.emails_wanting(reader, customer_ids, kind)


async def is_personalised(reader: Reader, customer_id: UUID) -> bool:
    """Whether products may be chosen for the person by what they looked at and bought."""
    return await privacy.is_personalised(reader, customer_id)


async def choose_personalised(session: AsyncSession, customer_id: UUID, is_personalised: bool) -> None:
    """Keep the person's choice; it holds from the next answer on."""
    await privacy.choose_personalised(session, customer_id, is_personalised)


async def segments_of(reader: Reader, customer_id: UUID) -> dict[str, str]:
    """What a person said about themselves: age_band and household_size, without what they left out."""
    return await repository.segments_of(reader, customer_id)


async def has_consent(reader: Reader, customer_id: UUID, purpose: str) -> bool:
    """Whether the person agreed to a use of their data, in the words of today."""
    return await privacy.has_consent(reader, customer_id, purpose)


async def consenting(reader: Reader, purpose: str, after: UUID, limit: int) -> list[UUID]:
    """Up to `limit` people behind `after`, by their ids, who agree to a use of their data in the words of today."""
    return await privacy.consenting(reader, purpose, after, limit)


async def find_session(token: str) -> Principal | None:
    """The person behind a browser's session cookie, or None."""
    return await sign_in.find_session(token)
