"""Statements of identity."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.db import Reader, copy_rows
from api.domains.identity.contracts import CustomerImport, CustomerView, Profile
from api.domains.identity.models import Customer, CustomerRole, RefreshToken, SignInSession

IMPORT_COLUMNS = tuple(CustomerImport.__dataclass_fields__)

_CREDENTIALS = text(
    "SELECT c.customer_id, c.password_hash, f.enabled_at IS NOT NULL AS has_second_factor FROM identity.customers c"
    " LEFT JOIN identity.second_factors f USING (customer_id) WHERE c.email = :email"
)
_AGE = text("SELECT extract(epoch FROM now() - registered_at) / 86400 FROM identity.customers WHERE customer_id = :id")
# One mailbox, whatever stands behind a plus; one name at one address.
_LINKED = text("""
    WITH own AS (SELECT customer_id, email FROM identity.customers WHERE customer_id = :id)
    SELECT other.customer_id FROM identity.customers other, own
    WHERE other.customer_id <> own.customer_id
      AND regexp_replace(other.email, '[+][^@]*@', '@') = regexp_replace(own.email, '[+][^@]*@', '@')
    UNION
    SELECT other.customer_id FROM identity.addresses own JOIN identity.addresses other
        ON (lower(other.name), lower(other.line1), other.postal_code, other.country)
         = (lower(own.name), lower(own.line1), own.postal_code, own.country)
    WHERE own.customer_id = :id AND other.customer_id <> :id
    LIMIT 100
""")
_LIST_SESSIONS = text(
    "SELECT session_id, created_at, expires_at, user_agent, token_hash IS NOT NULL AS is_browser FROM identity.sessions"
    " WHERE customer_id = :customer_id AND revoked_at IS NULL AND expires_at > now() ORDER BY created_at DESC LIMIT 100"
)
_REVOKE_ONE = text(
    "UPDATE identity.sessions SET revoked_at = now()"
    " WHERE customer_id = :customer_id AND session_id = :session_id AND revoked_at IS NULL AND expires_at > now()"
)
_REVOKE_OTHERS = text(
    "UPDATE identity.sessions SET revoked_at = now() WHERE customer_id = :customer_id"
    " AND session_id IS DISTINCT FROM CAST(:kept AS uuid) AND revoked_at IS NULL AND expires_at > now()"
)
_CONFIRM = text("UPDATE identity.sessions SET confirmed_at = now() WHERE session_id = :session_id")
_CONFIRMED_AT = text(
    "SELECT confirmed_at FROM identity.sessions"
    " WHERE session_id = :session_id AND revoked_at IS NULL AND expires_at > now()"
)
_SET_PASSWORD = text(
    "UPDATE identity.customers SET password_hash = :password_hash WHERE customer_id = :customer_id RETURNING email"
)
_SET_NAME = text("UPDATE identity.customers SET display_name = :display_name WHERE customer_id = :customer_id")
_VERIFY_EMAIL = text(
    "UPDATE identity.customers SET email_verified_at = now() WHERE customer_id = :customer_id AND email = :email"
)
_SET_EMAIL = text(
    "UPDATE identity.customers c SET email = :email, email_verified_at = now() FROM identity.customers old"
    " WHERE c.customer_id = :customer_id AND old.customer_id = c.customer_id"
    " AND NOT EXISTS (SELECT 1 FROM identity.customers o WHERE o.email = :email) RETURNING old.email"
)
_PROFILE = text(
    "SELECT c.customer_id, c.email, c.display_name, c.registered_at, c.email_verified_at IS NOT NULL AS"
    " is_email_verified, f.enabled_at IS NOT NULL AS has_second_factor, (SELECT count(*) FROM identity.recovery_codes r"
    " WHERE r.customer_id = c.customer_id AND r.used_at IS NULL) AS recovery_codes_left FROM identity.customers c"
    " LEFT JOIN identity.second_factors f USING (customer_id) WHERE c.customer_id = :customer_id"
)
_DROP_ROLE = text("DELETE FROM identity.customer_roles WHERE customer_id = :customer_id AND role = :role")
_PEOPLE = text(
    "SELECT c.customer_id, c.email, c.display_name, c.registered_at, ARRAY(SELECT r.role FROM identity.customer_roles r"
    " WHERE r.customer_id = c.customer_id ORDER BY r.role) AS roles FROM identity.customers c"
    " WHERE c.email LIKE :beginning OR c.customer_id = CAST(:customer_id AS uuid) ORDER BY c.email LIMIT 50"
)
_STAFF = text(
    "SELECT c.customer_id, c.email, c.display_name, c.registered_at, array_agg(r.role ORDER BY r.role) AS roles"
    " FROM identity.customers c JOIN identity.customer_roles r USING (customer_id)"
    " GROUP BY c.customer_id ORDER BY c.email LIMIT 200"
)
_EMAILS = text("SELECT customer_id, email FROM identity.customers WHERE customer_id = ANY(:customer_ids)")
_VERIFIED_EMAIL = text(
    "SELECT email FROM identity.customers WHERE customer_id = :customer_id AND email_verified_at IS NOT NULL"
)
_FIND_SESSION = text(
    "SELECT s.session_id, s.customer_id, ARRAY(SELECT role FROM identity.customer_roles r"
    " WHERE r.customer_id = s.customer_id) AS roles FROM identity.sessions s"
    " WHERE s.token_hash = :token_hash AND s.revoked_at IS NULL AND s.expires_at > now()"
)
_SEGMENTS = text("SELECT age_band, household_size FROM identity.customers WHERE customer_id = :customer_id")


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


async def age_days(reader: Reader, customer_id: UUID) -> float:
    """Days since the account was made; 0 where there is none."""
    return float((await reader.execute(_AGE, {"id": customer_id})).scalar() or 0)


async def linked_accounts(reader: Reader, customer_id: UUID) -> set[UUID]:
    """Other accounts that share a mailbox or an address at home with this one."""
    return set((await reader.execute(_LINKED, {"id": customer_id})).scalars())


async def get_customer(session: AsyncSession, customer_id: UUID) -> Customer | None:
    """By id."""
    return await session.get(Customer, customer_id)


async def find_by_email(session: AsyncSession, email: str) -> Customer | None:
    """By e-mail in lower case."""
    return (await session.execute(select(Customer).where(Customer.email == email))).scalar()


async def find_credentials(connection: AsyncConnection, email: str) -> Any:
    """Row of customer_id, password_hash and has_second_factor by e-mail in lower case, or None."""
    return (await connection.execute(_CREDENTIALS, {"email": email})).one_or_none()


async def get_roles(session: AsyncSession, customer_id: UUID) -> frozenset[str]:
    """All roles, `customer` included."""
    rows = await session.execute(select(CustomerRole.role).where(CustomerRole.customer_id == customer_id))
    return frozenset(rows.scalars()) | {"customer"}


async def add_role(session: AsyncSession, customer_id: UUID, role: str) -> None:
    """Grant; granting again changes nothing."""
    await session.execute(insert(CustomerRole).values(customer_id=customer_id, role=role).on_conflict_do_nothing())


async def add_session(
    session: AsyncSession,
    session_id: UUID,
    customer_id: UUID,
    token_hash: bytes | None,
    lifetime: timedelta,
    user_agent: str = "",
) -> None:
    """Start a sign-in."""
    await session.execute(
        insert(SignInSession).values(
            session_id=session_id,
            customer_id=customer_id,
            token_hash=token_hash,
            expires_at=func.now() + lifetime,
            user_agent=user_agent,
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


async def list_sessions(reader: Reader, customer_id: UUID) -> list[Any]:
    """Rows of session_id, created_at, expires_at, user_agent and is_browser of live sign-ins, the newest first."""
    return list(await reader.execute(_LIST_SESSIONS, {"customer_id": customer_id}))


async def revoke_own_session(session: AsyncSession, customer_id: UUID, session_id: UUID) -> bool:
    """End one of a person's sign-ins; False when there is no such live one."""
    done: Any = await session.execute(_REVOKE_ONE, {"customer_id": customer_id, "session_id": session_id})
    return bool(done.rowcount)


async def revoke_other_sessions(session: AsyncSession, customer_id: UUID, kept: UUID | None) -> int:
    """End all of a person's sign-ins but one; returns how many."""
    done: Any = await session.execute(_REVOKE_OTHERS, {"customer_id": customer_id, "kept": kept})
    return int(done.rowcount)


async def confirm_session(session: AsyncSession, session_id: UUID) -> None:
    """The person has just proved who it is."""
    await session.execute(_CONFIRM, {"session_id": session_id})


async def confirmed_at(reader: Reader, session_id: UUID) -> datetime | None:
    """When that was; None when the sign-in is over."""
    found: datetime | None = (await reader.execute(_CONFIRMED_AT, {"session_id": session_id})).scalar_one_or_none()
    return found


async def set_password(session: AsyncSession, customer_id: UUID, password_hash: str) -> str:
    """Another password; returns the person's e-mail."""
    values = {"customer_id": customer_id, "password_hash": password_hash}
    return str((await session.execute(_SET_PASSWORD, values)).scalar_one())


async def set_display_name(session: AsyncSession, customer_id: UUID, display_name: str) -> None:
    """Another name."""
    await session.execute(_SET_NAME, {"customer_id": customer_id, "display_name": display_name})


async def verify_email(session: AsyncSession, customer_id: UUID, email: str) -> bool:
    """Note that the address is theirs; False when the account has another one by now."""
    done: Any = await session.execute(_VERIFY_EMAIL, {"customer_id": customer_id, "email": email})
    return bool(done.rowcount)


async def set_email(session: AsyncSession, customer_id: UUID, email: str) -> str | None:
    """Another address, verified; returns the old one, or None when the new one is taken, be it at this moment."""
    values = {"customer_id": customer_id, "email": email}
    try:
        async with session.begin_nested():
            return (await session.execute(_SET_EMAIL, values)).scalar_one_or_none()
    except IntegrityError:
        return None


async def get_profile(reader: Reader, customer_id: UUID) -> Profile | None:
    """The account as its owner sees it."""
    found: Any = await reader.execute(_PROFILE, {"customer_id": customer_id})
    row = found.mappings().one_or_none()
    return None if row is None else Profile(**row)


async def emails_of(reader: Reader, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of these people, without those that there are not."""
    rows = await reader.execute(_EMAILS, {"customer_ids": list(customer_ids)})
    return {row[0]: row[1] for row in rows}


async def verified_email(reader: Reader, customer_id: UUID) -> str | None:
    """The person's address, if it was shown to be theirs."""
    found: str | None = (await reader.execute(_VERIFIED_EMAIL, {"customer_id": customer_id})).scalar_one_or_none()
    return found


async def drop_role(session: AsyncSession, customer_id: UUID, role: str) -> bool:
    """Take a role; False when the person had it not."""
    done: Any = await session.execute(_DROP_ROLE, {"customer_id": customer_id, "role": role})
    return bool(done.rowcount)


async def find_people(reader: Reader, beginning: str, customer_id: UUID | None) -> list[CustomerView]:
    """People whose e-mail begins so, or with this id; up to 50."""
    like = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return _views(await reader.execute(_PEOPLE, {"beginning": like, "customer_id": customer_id}))


async def list_staff(reader: Reader) -> list[CustomerView]:
    """People with a role beyond `customer`; up to 200."""
    return _views(await reader.execute(_STAFF))


def _views(rows: Any) -> list[CustomerView]:
    return [CustomerView(**{**row, "roles": frozenset(row["roles"]) | {"customer"}}) for row in rows.mappings()]


async def segments_of(reader: Reader, customer_id: UUID) -> dict[str, str]:
    """What a customer said about themselves, by name."""
    row = (await reader.execute(_SEGMENTS, {"customer_id": customer_id})).mappings().one_or_none()
    return {} if row is None else {name: value for name, value in row.items() if value is not None}
