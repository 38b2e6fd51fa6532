"""Pages of the second factor."""

import segno
from fastapi import Request, Response, status
from markupsafe import Markup

from api.core.auth import CsrfDep, FreshDep
from api.core.db import SessionDep
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.errors import SecondFactorIsOff, SecondFactorIsOn, SecondFactorRefused
from api.domains.identity.pages.forms import CodeField, go
from api.domains.identity.service import second_factor, security
from api.domains.identity.service.second_factor import Enrolment

router = Router(prefix="/account/second-factor")


def _page(request: Request, enrolment: Enrolment, errors: dict[str, str] | None = None) -> Response:
    drawn = segno.make(enrolment.uri, error="m").svg_inline(scale=5, dark="#000", light="#fff", title="QR code")
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    picture = Markup(drawn)  # noqa: S704 -- drawn by segno, of black and white squares
    return render(request, "second_factor.html", code, qr=picture, secret=enrolment.secret, errors=errors or {})


@router.get("")
async def show(request: Request, person: FreshDep, session: SessionDep) -> Response:
    """A secret for the authenticator app: the one that waits to be confirmed, or a new one."""
    known = await security.profile(session, person.customer_id)
    try:
        enrolment = await second_factor.pending(session, person.customer_id, known.email)
    except SecondFactorIsOn:
        return go("/account/security")
    except SecondFactorIsOff:
        enrolment = await second_factor.begin(session, person.customer_id, known.email)
    return _page(request, enrolment)


@router.post("")
@limited("sign-in")
async def confirm(
    request: Request, person: FreshDep, _: CsrfDep, session: SessionDep, code: CodeField = ""
) -> Response:
    """Turn it on, and show the recovery codes: now or never."""
    known = await security.profile(session, person.customer_id)
    try:
        codes = await second_factor.confirm(session, person.customer_id, known.email, code)
    except SecondFactorRefused:
        enrolment = await second_factor.pending(session, person.customer_id, known.email)
        return _page(request, enrolment, {"code": "This code does not hold. Wait for the next one and try again."})
    return render(request, "recovery_codes.html", codes=codes, is_new=True)


@router.post("/recovery-codes")
async def renew(request: Request, person: FreshDep, _: CsrfDep, session: SessionDep) -> Response:
    """Other recovery codes; the old ones hold no longer."""
    codes = await second_factor.renew_recovery_codes(session, person.customer_id)
    return render(request, "recovery_codes.html", codes=codes, is_new=False)


@router.post("/off")
async def turn_off(person: FreshDep, _: CsrfDep, session: SessionDep) -> Response:
    """Be asked for it no longer."""
    known = await security.profile(session, person.customer_id)
    await second_factor.turn_off(session, person.customer_id, known.email)
    return go("/account/security", "factor-off")
