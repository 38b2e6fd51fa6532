"""The account's first page, the person's name, and the page that asks for the password once more."""

from typing import Annotated

from fastapi import Form, Query, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limit_account, limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.errors import SecondFactorRefused, WrongCredentials
from api.domains.identity.pages.forms import CodeField, Field, faults, go
from api.domains.identity.pages.sign_in import local_path
from api.domains.identity.schemas import ProfileWrite
from api.domains.identity.service import addresses, privacy, security

router = Router(prefix="/account")
Target = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("")
async def show_account(
    request: Request, person: CurrentDep, reader: ReadDep, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Everything about one's account at a glance."""
    return render(
        request,
        "account.html",
        profile=await security.profile(reader, person.customer_id),
        addresses=await addresses.list_addresses(reader, person.customer_id),
        consents=await privacy.consents(reader, person.customer_id),
        sessions=await security.list_sessions(reader, person),
        done=done,
        errors={},
    )


@router.post("/name")
async def rename(
    request: Request, person: CurrentDep, _: CsrfDep, session: SessionDep, display_name: Field = ""
) -> Response:
    """Say how one wants to be called."""
    try:
        written = ProfileWrite.model_validate({"display_name": display_name})
    except ValidationError as problem:
        errors = faults(problem, {"display_name": "Enter the name that we may call you by, up to 100 characters."})
        return render(
            request,
            "account.html",
            status.HTTP_422_UNPROCESSABLE_CONTENT,
            profile=await security.profile(session, person.customer_id),
            addresses=await addresses.list_addresses(session, person.customer_id),
            consents=await privacy.consents(session, person.customer_id),
            sessions=await security.list_sessions(session, person),
            done="",
            errors=errors | {"typed": display_name},
        )
    await security.rename(session, person.customer_id, written.display_name)
    return go("/account", "name")


@router.get("/confirm")
async def show_confirm(request: Request, person: CurrentDep, reader: ReadDep, target: Target = "/account") -> Response:
    """Ask for the password once more."""
    known = await security.profile(reader, person.customer_id)
    return render(request, "confirm.html", next=local_path(target), profile=known, errors={})


@router.post("/confirm")
@limited("sign-in")
async def confirm(
    request: Request,
    person: CurrentDep,
    _: CsrfDep,
    reader: ReadDep,
    password: Field = "",
    code: CodeField = "",
    target: Annotated[str, Form(alias="next", max_length=2000)] = "/account",
) -> Response:
    """Go on where a fresh sign-in was needed."""
    await limit_account(request, str(person.customer_id))
    try:
        await security.confirm(person, password, code)
    except WrongCredentials:
        errors = {"password": "This is not your password."}
    except SecondFactorRefused:
        errors = {"code": "This code does not hold. Wait for the next one, or use a recovery code."}
    else:
        return go(local_path(target))
    known = await security.profile(reader, person.customer_id)
    status_code = status.HTTP_422_UNPROCESSABLE_CONTENT
    return render(request, "confirm.html", status_code, next=local_path(target), profile=known, errors=errors)
