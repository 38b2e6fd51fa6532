"""Pages for a forgotten password."""

from fastapi import Request, Response, status
from pydantic import ValidationError

from api.core.access import open_to_all
from api.core.auth import CsrfDep
from api.core.db import SessionDep
from api.core.errors import Invalid
from api.core.limits import limit_account, limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.errors import CodeRefused
from api.domains.identity.pages.forms import CodeField, Field, faults, go
from api.domains.identity.schemas import RecoveryRequest, RecoveryWrite
from api.domains.identity.service import security

router = Router()
WORDS = {
    "email": "Enter an e-mail address in the form name@example.com.",
    "code": "Enter the six digits of the mail.",
}


@router.get("/recover")
@open_to_all
async def show_recover(request: Request) -> Response:
    """Ask for a code."""
    return render(request, "recover.html", email="", errors={})


@router.post("/recover")
@open_to_all
@limited("register")
async def ask_recovery(request: Request, _: CsrfDep, session: SessionDep, email: Field = "") -> Response:
    """Mail a code. The next page is the same whether or not the address has an account."""
    try:
        asked = RecoveryRequest.model_validate({"email": email})
    except ValidationError as problem:
        code = status.HTTP_422_UNPROCESSABLE_CONTENT
        return render(request, "recover.html", code, email=email, errors=faults(problem, WORDS))
    await security.ask_recovery(session, asked.email)
    return render(request, "recover_code.html", email=asked.email, code="", errors={}, is_sent=True)


@router.get("/recover/code")
@open_to_all
async def show_recover_code(request: Request) -> Response:
    """Enter the code and a new password."""
    return render(request, "recover_code.html", email="", code="", errors={}, is_sent=False)


@router.post("/recover/code")
@open_to_all
@limited("sign-in")
async def recover(
    request: Request, _: CsrfDep, email: Field = "", code: CodeField = "", password: Field = ""
) -> Response:
    """Choose a new password."""
    try:
        written = RecoveryWrite.model_validate({"email": email, "code": code, "password": password})
        await limit_account(request, written.email)
        await security.recover(written.email, written.code, password)
    except (ValidationError, Invalid) as problem:
        errors = faults(problem, WORDS)
    except CodeRefused:
        errors = {"code": "This code does not hold. Check it, or ask for a new one."}
    else:
        return go("/sign-in", "recovered")
    status_code = status.HTTP_422_UNPROCESSABLE_CONTENT
    return render(request, "recover_code.html", status_code, email=email, code=code, errors=errors, is_sent=False)
