"""Who asks: a bearer token or a browser session makes a Principal; everybody is a Visitor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError

from api.core.access import KNOWN, SIGNED_IN, permits
from api.core.csrf import SESSION_COOKIE, CsrfDep, csrf_token, visitor_id
from api.core.errors import AppError
from api.core.http import delete_cookie, set_cookie
from api.core.keys import signing_key

__all__ = [
    "CsrfDep",
    "CurrentDep",
    "Forbidden",
    "FreshDep",
    "OptionalDep",
    "Principal",
    "SignInNeeded",
    "StepUpNeeded",
    "Visitor",
    "VisitorDep",
    "csrf_token",
    "delete_session_cookie",
    "require",
    "set_session_cookie",
    "visitor_id",
]

ALGORITHM = "Ed25519"
ISSUER = "agora"
AUDIENCE = "agora-api"
FRESH_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who signed in."""

    customer_id: UUID
    roles: frozenset[str]
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks: always an anonymous id, and a customer once signed in."""

    anonymous_id: UUID
    customer_id: UUID | None = None
    roles: frozenset[str] = frozenset()


class SignInNeeded(AppError):
    """No credentials, or none that hold."""

    status = 401
    type = "sign-in-needed"
    title = "Sign in first"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class TokenExpired(SignInNeeded):
    """An access token past its time: refresh it."""

    type = "token-expired"
    title = "The access token has expired"


class TokenInvalid(SignInNeeded):
    """Not a token of ours, or one that was changed."""

    type = "token-invalid"
    title = "The access token is not valid"


class Forbidden(AppError):
    """Signed in, but without the permission that this needs."""

    status = 403
    type = "forbidden"
    title = "Your account may not do this"


class StepUpNeeded(AppError):
    """Signed in, but too long ago for this: confirm the password at POST /v1/me/confirmation."""

    status = 403
    type = "step-up-needed"
    title = "Confirm that it is you, then repeat this"


ConfirmedAt = Callable[[UUID], Awaitable[datetime | None]]
FindSession = Callable[[str], Awaitable[Principal | None]]


def verify_access_token(token: str) -> Principal:
    """The principal of a bearer token. Raises TokenExpired or TokenInvalid."""
    principal, expires_at = _verified(token)
    if expires_at <= time():
        raise TokenExpired
    return principal


@lru_cache(maxsize=4096)
def _verified(token: str) -> tuple[Principal, float]:
    """Signature and claims do not change, so a token is checked once; its time is checked at every use."""
    try:
        claims = jwt.decode(token, signing_key(), algorithms=[ALGORITHM]).claims
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise TokenInvalid
        roles = frozenset(str(role) for role in claims["roles"])
        return Principal(UUID(claims["sub"]), roles, UUID(claims["sid"])), float(claims["exp"])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenInvalid from error


async def get_optional(request: Request) -> Principal | None:
    """The person behind the request, or None. A bearer token that does not hold is an error, an old cookie is not."""
    if hasattr(request.state, "principal"):
        known: Principal | None = request.state.principal
        return known
    principal = None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        principal = verify_access_token(token.strip())
    elif session_token := request.cookies.get(SESSION_COOKIE):
        find: FindSession = request.app.state.find_session
        principal = await find(session_token)
        if principal is None:
            delete_cookie(request, SESSION_COOKIE)
    request.state.principal = principal
    return principal


def set_session_cookie(request: Request, token: str, max_age: int) -> None:
    """Give the browser a session; forms of the same answer are bound to it."""
    request.state.session_token = token
    set_cookie(request, SESSION_COOKIE, token, max_age)


def delete_session_cookie(request: Request) -> None:
    """End the browser's session; the rest of the answer is for nobody in particular."""
    request.state.session_token = ""
    request.state.principal = None
    delete_cookie(request, SESSION_COOKIE)


# The dependencies below call each other as functions: the framework resolves each one that is declared anew wherever it
# is needed, and with three levels of them that was more work than what they do.
OptionalDep = Annotated[Principal | None, Depends(get_optional)]


async def get_current(request: Request) -> Principal:
    """The person behind the request. Raises SignInNeeded."""
    principal = await get_optional(request)
    if principal is None:
        raise SignInNeeded
    return principal


setattr(get_current, "access", SIGNED_IN)  # noqa: B010 -- see api.core.access
CurrentDep = Annotated[Principal, Depends(get_current)]


async def get_fresh(request: Request) -> Principal:
    """The person behind the request, who proved it within the last hour. Raises SignInNeeded and StepUpNeeded."""
    principal = await get_current(request)
    find: ConfirmedAt = request.app.state.confirmed_at
    confirmed_at = await find(principal.session_id)
    if confirmed_at is None or confirmed_at < datetime.now(UTC) - FRESH_FOR:
        raise StepUpNeeded
    return principal


setattr(get_fresh, "access", SIGNED_IN)  # noqa: B010 -- see api.core.access
FreshDep = Annotated[Principal, Depends(get_fresh)]


async def get_visitor(request: Request) -> Visitor:
    """The visitor, also left in `request.state.visitor` for templates."""
    principal = await get_optional(request)
    customer_id, roles = (principal.customer_id, principal.roles) if principal else (None, frozenset[str]())
    visitor = Visitor(visitor_id(request), customer_id, roles)
    request.state.visitor = visitor
    return visitor


VisitorDep = Annotated[Visitor, Depends(get_visitor)]


def require(permission: str) -> Any:
    """A dependency that lets only people in whose roles grant it: `Depends(require("stock.manage"))`."""
    if permission not in KNOWN:
        raise ValueError(f"no role grants {permission}")

    async def check(request: Request) -> Principal:
        principal = await get_current(request)
        if not permits(principal.roles, permission):
            raise Forbidden(f"This needs the permission {permission}.")
        return principal

    setattr(check, "access", permission)  # noqa: B010 -- see api.core.access
    return check
