"""Accounts: register, import, look up, grant a role."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbox
from api.core.access import ROLES
from api.core.errors import Invalid
from api.core.mail import send_mail
from api.core.settings import get_settings
from api.domains.identity.contracts import CustomerImport, CustomerView
from api.domains.identity.errors import CustomerNotFound
from api.domains.identity.models import Customer
from api.domains.identity.repository import accounts as repository
from api.domains.identity.schemas import Registration
from api.domains.identity.service import codes, passwords
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.identity import CustomerRegistered

SEGMENTS = ("age_band", "income_band", "household_size")


async def register(session: AsyncSession, registration: Registration) -> None:
    """Make the account, unless the e-mail has one: then its owner is told, and the caller learns nothing.

    Raises Invalid for a password that is too soon guessed.
    """
    passwords.check(registration.password.get_secret_value(), registration.email)
    customer_id = new_event_id()
    segments = {name: getattr(registration, name) for name in SEGMENTS}
    password_hash = await passwords.hash_password(registration.password.get_secret_value())
    values = {
        "customer_id": customer_id,
        "email": registration.email,
        "display_name": registration.display_name,
        "password_hash": password_hash,
        "source": "storefront",
        "registered_at": datetime.now(UTC),
    }
    if await repository.add_customer(session, values | segments):
        await outbox.publish(session, CustomerRegistered(customer_id=customer_id, source="storefront", **segments))
        await codes.send(session, customer_id, "verify-email", registration.email)
    else:
        text = (
            "Somebody wanted to register with this address, which has an account of Agora already.\n"
            "If it was you, sign in; a forgotten password is replaced at {url}/recover\n"
        )
        text = text.format(url=get_settings().api_url)
        await send_mail(session, registration.email, "You have an account of Agora already", text)


async def import_customers(session: AsyncSession, rows: Sequence[CustomerImport]) -> int:
    """Add the customers whose id and e-mail are new, with their events; returns how many."""
    emails = [row.email.lower() for row in rows]
    known = await repository.known_customers(session, [row.customer_id for row in rows], emails)
    new = [row for row in rows if row.customer_id not in known and row.email.lower() not in known]
    if not new:
        return 0
    await repository.copy_customers(session, new)
    return await outbox.publish_many(session, _registrations(new))


def _registrations(rows: Sequence[CustomerImport]) -> Iterator[tuple[type[Event], str, dict[str, Any], datetime]]:
    for row in rows:
        key = str(row.customer_id)
        data = {"customer_id": key, "source": row.source, **{name: getattr(row, name) for name in SEGMENTS}}
        yield CustomerRegistered, key, data, row.registered_at


async def get_customer(session: AsyncSession, customer_id: UUID) -> CustomerView | None:
    """A customer, or None."""
    customer = await repository.get_customer(session, customer_id)
    return None if customer is None else await _view(session, customer)


async def roles_of(session: AsyncSession, customer_id: UUID) -> frozenset[str]:
    """All roles, `customer` included."""
    return await repository.get_roles(session, customer_id)


async def grant_role(session: AsyncSession, email: str, role: str) -> CustomerView:
    """Give a customer a role; it holds from the next sign-in or refresh. Raises Invalid and CustomerNotFound."""
    if role not in ROLES:
        raise Invalid("role", f"must be one of {', '.join(ROLES)}")
    customer = await repository.find_by_email(session, email.lower())
    if customer is None:
        raise CustomerNotFound
    if role != "customer":
        await repository.add_role(session, customer.customer_id, role)
    return await _view(session, customer)


async def _view(session: AsyncSession, customer: Customer) -> CustomerView:
    return CustomerView(
        customer_id=customer.customer_id,
        email=customer.email,
        display_name=customer.display_name,
        roles=await repository.get_roles(session, customer.customer_id),
        registered_at=customer.registered_at,
    )
