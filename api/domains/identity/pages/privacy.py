"""The page of mails and consents."""

from typing import Annotated

from fastapi import Form, Path, Query, Request, Response

from api.core.auth import CsrfDep, CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.domain import MAIL_KINDS
from api.domains.identity.pages.forms import go
from api.domains.identity.service import privacy

router = Router(prefix="/account/privacy")
HERE = "/account/privacy"


@router.get("")
async def show_privacy(
    request: Request, person: CurrentDep, reader: ReadDep, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """What one agreed to, and which mails one gets."""
    return render(
        request,
        "privacy.html",
        consents=await privacy.consents(reader, person.customer_id),
        mails=await privacy.wanted_mails(reader, person.customer_id),
        kinds=MAIL_KINDS,
        is_personalised=await privacy.is_personalised(reader, person.customer_id),
        done=done,
    )


@router.post("/mails")
async def choose_mails(request: Request, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Choose the mails that one wants."""
    form = await request.form()
    await privacy.choose_mails(session, person.customer_id, [kind for kind in MAIL_KINDS if kind in form])
    return go(HERE, "mails")


@router.post("/recommendations")
async def choose_personalised(
    person: CurrentDep, _: CsrfDep, session: SessionDep, is_personalised: Annotated[bool, Form()] = False
) -> Response:
    """Choose how products are picked for one."""
    await privacy.choose_personalised(session, person.customer_id, is_personalised)
    return go(HERE, "personal" if is_personalised else "alike")


@router.post("/consents/{purpose}")
async def say(
    purpose: Annotated[str, Path(max_length=40)],
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    version: Annotated[str, Form(max_length=20)],
    is_granted: Annotated[bool, Form()] = False,
) -> Response:
    """Grant or withdraw."""
    await privacy.say(session, person.customer_id, purpose, is_granted, version)
    return go(HERE, "granted" if is_granted else "withdrawn")
