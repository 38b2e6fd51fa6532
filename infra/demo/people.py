"""Accounts that the demo's summary names: roles that no household of the source has."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from api.core.db import transaction
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport

ROLES = ("executive", "analyst")


def email_of(role: str) -> str:
    """The account's address; the domain is reserved for examples."""
    return f"{role}@agora.example"


async def ensure_accounts(password: str) -> None:
    """Make the accounts with their roles where they are missing."""
    password_hash = identity.hash_password(password)
    rows = [
        CustomerImport(
            customer_id=uuid5(NAMESPACE_URL, f"agora:demo:{role}"),
            email=email_of(role),
            display_name=f"Demo {role}",
            password_hash=password_hash,
            source="demo",
            age_band=None,
            income_band=None,
            household_size=None,
            registered_at=datetime.now(UTC),
        )
        for role in ROLES
    ]
    async with transaction() as session:
        await identity.import_customers(session, rows)
        for role in ROLES:
            await identity.grant_role(session, email_of(role), role)
