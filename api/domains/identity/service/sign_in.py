"""Sign-ins: a browser gets a session cookie, an API client an access token and a chain of refresh tokens."""

from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbox
from api.core.auth import Principal, delete_session_cookie, get_optional, set_session_cookie
from api.core.db import reading, transaction
from api.domains.identity.contracts import Tokens
from api.domains.identity.domain import SESSION_LIFETIME, new_secret, secret_hash
from api.domains.identity.errors import RefreshRefused, SecondFactorNeeded, WrongCredentials
from api.domains.identity.repository import accounts as repository
from api.domains.identity.service import passwords, second_factor, tokens
from ingestion.contracts import new_event_id
from ingestion.contracts.identity import SignedIn


async def authenticate(email: str, password: str) -> UUID:
    """The customer with these credentials. Raises WrongCredentials, after the same work for every reason.

    Where a second factor is on, raises SecondFactorNeeded with the `challenge` that waits for it.

    No connection is held while the password is checked: a flood of sign-ins must not starve the shop.
    """
    async with reading() as connection:
        found = await repository.find_credentials(connection, email.strip().lower())
    is_right = await passwords.fits(password, found.password_hash if found else None)
    if found is None or not is_right:
        raise WrongCredentials
    customer_id: UUID = found.customer_id
    if found.has_second_factor:
        raise SecondFactorNeeded(challenge=await second_factor.demand(customer_id))
    return customer_id


async def create_session(session: AsyncSession, request: Request, customer_id: UUID, anonymous_id: UUID | None) -> None:
    """Sign a browser in: its answer carries a new cookie; an older session of the browser ends."""
    await end_session(session, request)
    secret = new_secret()
    agent = request.headers.get("user-agent", "")[:300]
    await repository.add_session(session, new_event_id(), customer_id, secret_hash(secret), SESSION_LIFETIME, agent)
    await outbox.publish(session, SignedIn(customer_id=customer_id, anonymous_id=anonymous_id))
    set_session_cookie(request, secret, int(SESSION_LIFETIME.total_seconds()))


async def end_session(session: AsyncSession, request: Request) -> None:
    """Sign out: the session behind the request ends, with its cookie or its refresh tokens."""
    principal = await get_optional(request)
    if principal is not None:
        await repository.revoke_session(session, principal.session_id)
        delete_session_cookie(request)


async def issue_tokens(session: AsyncSession, request: Request, customer_id: UUID, anonymous_id: UUID | None) -> Tokens:
    """Sign an API client in."""
    session_id = new_event_id()
    agent = request.headers.get("user-agent", "")[:300]
    await repository.add_session(session, session_id, customer_id, None, SESSION_LIFETIME, agent)
    await outbox.publish(session, SignedIn(customer_id=customer_id, anonymous_id=anonymous_id))
    return await _issue(session, session_id, customer_id)


async def refresh(refresh_token: str) -> Tokens:
    """New tokens for a refresh token, which is thereby used up.

    Using one twice means that two parties hold it: the whole sign-in ends, which must be committed although the
    request is refused, so this has a transaction of its own. Raises RefreshRefused.
    """
    async with transaction() as session:
        token_hash = secret_hash(refresh_token)
        found = await repository.lock_refresh_token(session, token_hash)
        if found is not None:
            session_id, customer_id, used_at, is_live = found
            if is_live and used_at is None:
                await repository.use_refresh_token(session, token_hash)
                return await _issue(session, session_id, customer_id)
            if used_at is not None:
                await repository.revoke_session(session, session_id)
    raise RefreshRefused


async def _issue(session: AsyncSession, session_id: UUID, customer_id: UUID) -> Tokens:
    refresh_token = new_secret()
    await repository.add_refresh_token(session, secret_hash(refresh_token), session_id)
    roles = await repository.get_roles(session, customer_id)
    access_token, expires_in = tokens.sign_access_token(Principal(customer_id, roles, session_id))
    return Tokens(access_token, refresh_token, expires_in)


async def find_session(token: str) -> Principal | None:
    """The person of a live browser session, or None."""
    async with reading() as connection:
        row = await repository.find_session(connection, secret_hash(token))
    return None if row is None else Principal(row.customer_id, frozenset(row.roles) | {"customer"}, row.session_id)
