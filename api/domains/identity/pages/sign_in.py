"""Pages of identity: sign in, create an account, sign out."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.core.access import open_to_all
from api.core.auth import CsrfDep, OptionalDep, visitor_id
from api.core.db import SessionDep
from api.core.errors import Invalid
from api.core.limits import limit_account, limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.domain import password_fault
from api.domains.identity.errors import SecondFactorNeeded, SecondFactorRefused, WrongCredentials
from api.domains.identity.pages.forms import faults
from api.domains.identity.schemas import Registration
from api.domains.identity.service import accounts, second_factor, sign_in

router = Router()

Field = Annotated[str, Form(max_length=1000)]

# What is wrong with a field, in words for the person who filled it in.
REASONS = {
    "email": "Enter an e-mail address in the form name@example.com.",
    "display_name": "Enter the name that we may call you by, up to 100 characters.",
}


def local_path(target: str) -> str:
    """A path on this site, or the first page: nobody is sent elsewhere by a link to our own sign-in."""
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if inside and not target.startswith("/sign-") else "/"


@router.get("/sign-in")
@open_to_all
async def show_sign_in(
    request: Request,
    principal: OptionalDep,
    target: Annotated[str, Query(alias="next", max_length=2000)] = "/",
    registered: bool = False,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The form, unless one is signed in."""
    if principal is not None:
        return _go(local_path(target))
    return _sign_in_page(request, local_path(target), is_registered=registered, is_recovered=done == "recovered")


@router.post("/sign-in")
@open_to_all
@limited("sign-in")
async def post_sign_in(
    request: Request,
    _: CsrfDep,
    session: SessionDep,
    email: Field = "",
    password: Field = "",
    target: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Sign in and go on to where one wanted."""
    errors = {}
    if not email.strip():
        errors["email"] = "Enter your e-mail address."
    if not password:
        errors["password"] = "Enter your password."  # noqa: S105 -- a sentence
    if errors:
        return _sign_in_page(request, local_path(target), email, errors)
    await limit_account(request, email)
    try:
        customer_id = await sign_in.authenticate(email, password)
    except WrongCredentials:
        wrong = {"form": "This e-mail address and password do not go together. Check both and try again."}
        return _sign_in_page(request, local_path(target), email, wrong)
    except SecondFactorNeeded as needed:
        return _challenge_page(request, local_path(target), needed.extra["challenge"])
    await sign_in.create_session(session, request, customer_id, visitor_id(request))
    return _go(local_path(target))


@router.get("/register")
@open_to_all
async def show_register(
    request: Request, principal: OptionalDep, target: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """The form, unless one is signed in."""
    if principal is not None:
        return _go(local_path(target))
    return _register_page(request, local_path(target))


@router.post("/register")
@open_to_all
@limited("register")
async def post_register(
    request: Request,
    _: CsrfDep,
    session: SessionDep,
    display_name: Field = "",
    email: Field = "",
    password: Field = "",
    target: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Make the account. The answer is the same where the address has one, so that nobody learns who is a customer."""
    try:
        registration = Registration.model_validate({"email": email, "display_name": display_name, "password": password})
        await accounts.register(session, registration)
    except (ValidationError, Invalid) as problem:
        wrong = faults(problem, REASONS)
        # What is wrong with the password is said beside the rest, not after it.
        if fault := password_fault(password, email):
            wrong.setdefault("password", fault)
        return _register_page(request, local_path(target), email, display_name, wrong)
    return _go(f"/sign-in?registered=true&next={quote(local_path(target))}")


@router.post("/sign-out")
@open_to_all
async def post_sign_out(request: Request, _: CsrfDep, session: SessionDep) -> Response:
    """End this browser's session."""
    await sign_in.end_session(session, request)
    return _go("/")


@router.post("/sign-in/second-factor")
@open_to_all
@limited("sign-in")
async def post_second_factor(
    request: Request,
    _: CsrfDep,
    session: SessionDep,
    challenge: Annotated[str, Form(max_length=200)] = "",
    code: Annotated[str, Form(max_length=40)] = "",
    target: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """The second step: a code of the app, or a recovery code."""
    try:
        customer_id = await second_factor.meet(challenge, code)
    except SecondFactorRefused:
        wrong = {"code": "This code does not hold. Wait for the next one, or use a recovery code."}
        return _challenge_page(request, local_path(target), challenge, wrong)
    await sign_in.create_session(session, request, customer_id, visitor_id(request))
    return _go(local_path(target))


def _challenge_page(request: Request, target: str, challenge: str, errors: dict[str, str] | None = None) -> Response:
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    return render(request, "second_factor_challenge.html", code, next=target, challenge=challenge, errors=errors or {})


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=status.HTTP_303_SEE_OTHER)


def _sign_in_page(
    request: Request,
    target: str,
    email: str = "",
    errors: dict[str, str] | None = None,
    is_registered: bool = False,
    is_recovered: bool = False,
) -> Response:
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    return render(
        request,
        "sign_in.html",
        code,
        next=target,
        email=email,
        errors=errors or {},
        is_registered=is_registered,
        is_recovered=is_recovered,
    )


def _register_page(
    request: Request, target: str, email: str = "", display_name: str = "", errors: dict[str, str] | None = None
) -> Response:
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    return render(
        request, "register.html", code, next=target, email=email, display_name=display_name, errors=errors or {}
    )
