"""The door of identity for other domains, the application and the command line."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.domains.identity.contracts import CustomerImport, CustomerView
from api.domains.identity.service import accounts, passwords, sign_in


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


async def grant_role(session: AsyncSession, email: str, role: str) -> CustomerView:
    """Give a customer a role. Raises Invalid for an unknown role and CustomerNotFound for an unknown e-mail."""
    return await accounts.grant_role(session, email, role)


async def find_session(token: str) -> Principal | None:
    """The person behind a browser's session cookie, or None."""
    return await sign_in.find_session(token)
