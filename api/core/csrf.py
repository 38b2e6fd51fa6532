"""Form tokens: a MAC over the browser's own cookie, so that only a page of ours can have made the form."""

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from api.core.errors import AppError
from api.core.http import set_cookie
from api.core.keys import form_secret
from ingestion.contracts import new_event_id

SESSION_COOKIE = "agora_session"
VISITOR_COOKIE = "agora_anon"
VISITOR_HEADER = "x-agora-anonymous-id"
VISITOR_MAX_AGE = 400 * 86400


class ForgedForm(AppError):
    """The form's token is missing or belongs to another browser."""

    status = 403
    type = "forged-form"
    title = "This form has expired; load the page again and repeat"


def visitor_id(request: Request) -> UUID:
    """The anonymous id of this browser or API client; a new browser gets one by cookie."""
    known: UUID | None = getattr(request.state, "anonymous_id", None)
    if known is None:
        known = _parse(request.headers.get(VISITOR_HEADER)) or _parse(request.cookies.get(VISITOR_COOKIE))
        if known is None:
            known = new_event_id()
            set_cookie(request, VISITOR_COOKIE, str(known), VISITOR_MAX_AGE)
        request.state.anonymous_id = known
    return known


def _parse(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def csrf_token(request: Request) -> str:
    """The token for the forms of the page that answers this request."""
    bound: str | None = getattr(request.state, "session_token", None)
    if bound is None:
        bound = request.cookies.get(SESSION_COOKIE, "")
    return hmac.digest(form_secret(), f"{visitor_id(request)}|{bound}".encode(), "sha256").hex()


async def check_csrf(request: Request) -> None:
    """Refuse a form whose field `csrf_token` (or header X-CSRF-Token) is not this browser's. Raises ForgedForm."""
    given = request.headers.get("x-csrf-token")
    if given is None:
        field = (await request.form()).get("csrf_token")
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
        raise ForgedForm


CsrfDep = Annotated[None, Depends(check_csrf)]
