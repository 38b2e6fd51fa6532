"""Statements of identity."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.db import copy_rows
from api.domains.identity.contracts import CustomerImport
from api.domains.identity.models import Customer, CustomerRole, RefreshToken, SignInSession

IMPORT_COLUMNS = tuple(CustomerImport.__dataclass_fields__)

_CREDENTIALS = text("SELECT customer_id, password_hash FROM identity.customers WHERE email = :email")
_FIND_SESSION = text(
    "SELECT s.session_id, s.customer_id, ARRAY(SELECT role FROM identity.customer_roles r"
    " WHERE r.customer_id = s.customer_id) AS roles FROM identity.sessions s"
    " WHERE s.token_hash = :token_hash AND s.revoked_at IS NULL AND s.expires_at > now()"
)


async def add_customer(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Insert a customer; False when the e-mail is taken."""
    statement = insert(Customer).values(values).on_conflict_do_nothing().returning(Customer.customer_id)
    return (await session.execute(statement)).scalar() is not None


async def known_customers(session: AsyncSession, ids: Sequence[UUID], emails: Sequence[str]) -> set[UUID | str]:
    """Ids and e-mails among these that exist."""
    statement = select(Customer.customer_id, Customer.email).where(
        or_(Customer.customer_id == func.any(ids), Customer.email == func.any(emails))
    )
    found: set[UUID | str] = set()
    for customer_id, email in await session.execute(statement):
        found |= {customer_id, email}
    return found


async def copy_customers(session: AsyncSession, rows: Sequence[CustomerImport]) -> int:
    """Insert new customers by COPY."""
    tuples = (tuple(getattr(row, column) for column in IMPORT_COLUMNS) for row in rows)
    return await copy_rows(session, "identity.customers", IMPORT_COLUMNS, tuples)


async def get_customer(session: AsyncSession, customer_id: UUID) -> Customer | None:
    """By id."""
    return await session.get(Customer, customer_id)


async def find_by_email(session: AsyncSession, email: str) -> Customer | None:
    """By e-mail in lower case."""
    return (await session.execute(select(Customer).where(Customer.email == email))).scalar()


async def find_credentials(connection: AsyncConnection, email: str) -> Any:
    """Row of customer_id and password_hash by e-mail in lower case, or None."""
    return (await connection.execute(_CREDENTIALS, {"email": email})).one_or_none()


async def get_roles(session: AsyncSession, customer_id: UUID) -> frozenset[str]:
    """All roles, `customer` included."""
    rows = await session.execute(select(CustomerRole.role).where(CustomerRole.customer_id == customer_id))
    return frozenset(rows.scalars()) | {"customer"}


async def add_role(session: AsyncSession, customer_id: UUID, role: str) -> None:
    """Grant; granting again changes nothing."""
    await session.execute(insert(CustomerRole).values(customer_id=customer_id, role=role).on_conflict_do_nothing())


async def add_session(
    session: AsyncSession, session_id: UUID, customer_id: UUID, token_hash: bytes | None, lifetime: timedelta
) -> None:
    """Start a sign-in."""
    await session.execute(
        insert(SignInSession).values(
            session_id=session_id,
            customer_id=customer_id,
            token_hash=token_hash,
            expires_at=func.now() + lifetime,
        )
    )


async def find_session(connection: AsyncConnection, token_hash: bytes) -> Any:
    """Row of session_id, customer_id, roles for a live browser session, or None."""
    return (await connection.execute(_FIND_SESSION, {"token_hash": token_hash})).one_or_none()


async def revoke_session(session: AsyncSession, session_id: UUID) -> None:
    """End a sign-in with all its tokens."""
    await session.execute(
        update(SignInSession)
        .where(SignInSession.session_id == session_id, SignInSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


async def add_refresh_token(session: AsyncSession, token_hash: bytes, session_id: UUID) -> None:
    """Add a link to the session's chain."""
    await session.execute(insert(RefreshToken).values(token_hash=token_hash, session_id=session_id))


async def lock_refresh_token(
    session: AsyncSession, token_hash: bytes
) -> tuple[UUID, UUID, datetime | None, bool] | None:
    """(session_id, customer_id, used_at, is the session live) with both rows locked, or None.

    Two uses of one token wait for each other here, so the second sees that it is used.
    """
    is_live = SignInSession.revoked_at.is_(None) & (SignInSession.expires_at > func.now())
    statement = (
        select(SignInSession.session_id, SignInSession.customer_id, RefreshToken.used_at, is_live)
        .join(RefreshToken, RefreshToken.session_id == SignInSession.session_id)
        .where(RefreshToken.token_hash == token_hash)
        .with_for_update()
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1], row[2], bool(row[3]))


async def use_refresh_token(session: AsyncSession, token_hash: bytes) -> None:
    """Mark it as used."""
    await session.execute(update(RefreshToken).where(RefreshToken.token_hash == token_hash).values(used_at=func.now()))
