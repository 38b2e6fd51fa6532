"""Pages of what guards an account: its address, its password, its sign-ins."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, CurrentDep, FreshDep, Principal
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import Invalid
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.errors import CodeRefused
from api.domains.identity.pages.forms import CodeField, Field, faults, go
from api.domains.identity.schemas import EmailWrite
from api.domains.identity.service import security

router = Router(prefix="/account/security")
HERE = "/account/security"
BAD_CODE = "This code does not hold. Check it, or ask for a new one."


async def _page(
    request: Request, person: Principal, reader: Reader, errors: dict[str, str] | None = None, **more: Any
) -> Response:
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    known = await security.profile(reader, person.customer_id)
    sessions = await security.list_sessions(reader, person)
    context = {"done": "", "email": "", "errors": errors or {}, **more}
    return render(request, "security.html", code, profile=known, sessions=sessions, **context)


@router.get("")
async def show_security(
    request: Request, person: CurrentDep, reader: ReadDep, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """How one's account is guarded."""
    return await _page(request, person, reader, done=done)


@router.post("/verification")
@limited("register")
async def send_verification(person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Mail a code to the account's address."""
    await security.send_verification(session, person.customer_id)
    return go(HERE, "code-sent")


@router.post("/verification/code")
@limited("sign-in")
async def verify_email(
    request: Request, person: CurrentDep, _: CsrfDep, reader: ReadDep, code: CodeField = ""
) -> Response:
    """Show with the code that the address is one's own."""
    try:
        await security.verify_email(person.customer_id, code)
    except CodeRefused:
        return await _page(request, person, reader, {"code": BAD_CODE})
    return go(HERE, "verified")


@router.post("/email")
@limited("register")
async def ask_email_change(
    request: Request, person: FreshDep, _: CsrfDep, session: SessionDep, email: Field = ""
) -> Response:
    """Mail a code to another address."""
    try:
        written = EmailWrite.model_validate({"email": email})
    except ValidationError as problem:
        words = {"email": "Enter an e-mail address in the form name@example.com."}
        return await _page(request, person, session, faults(problem, words), email=email)
    await security.ask_email_change(session, person.customer_id, written.email)
    return await _page(request, person, session, email=written.email, done="email-sent")


@router.post("/email/code")
@limited("sign-in")
async def change_email(
    request: Request, person: FreshDep, _: CsrfDep, reader: ReadDep, code: CodeField = "", email: Field = ""
) -> Response:
    """Use the new address from now on."""
    try:
        await security.change_email(person.customer_id, code)
    except CodeRefused:
        return await _page(request, person, reader, {"email_code": BAD_CODE}, email=email, done="email-sent")
    return go(HERE, "email")


@router.post("/password")
async def change_password(
    request: Request, person: FreshDep, _: CsrfDep, session: SessionDep, password: Field = ""
) -> Response:
    """Choose another password; every other sign-in ends."""
    try:
        await security.change_password(session, person, password)
    except Invalid as problem:
        return await _page(request, person, session, faults(problem, {}))
    return go(HERE, "password")


@router.post("/sessions/others/end")
async def end_other_sessions(person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """End all of one's sign-ins but this."""
    await security.end_other_sessions(session, person)
    return go(HERE, "ended")


@router.post("/sessions/{session_id}/end")
async def end_session(session_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """End one of one's sign-ins."""
    await security.end_session(session, person, session_id)
    return go(HERE, "ended")
