"""The page of one's own taste: what is used, why, and how to change it."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.core.tracking import recommendation
from api.domains.recommendations.service import taste, unwanted

router = Router(prefix="/taste", include_in_schema=False)
HERE = "/taste"
ProductId = Annotated[int, Path(gt=0, lt=2**63)]


@router.get("")
@open_to_all
async def show_taste(
    request: Request, reader: ReadDep, visitor: VisitorDep, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Everything by which one is known here."""
    return render(request, "taste.html", taste=await taste.taste_of(reader, visitor), done=done)


@router.post("/removed/{product_id}")
@open_to_all
async def remove(session: SessionDep, _: CsrfDep, visitor: VisitorDep, product_id: ProductId) -> Response:
    """Take one thing out."""
    await taste.remove(session, visitor, product_id)
    return _back("removed")


@router.post("/restored/{product_id}")
@open_to_all
async def restore(session: SessionDep, _: CsrfDep, visitor: VisitorDep, product_id: ProductId) -> Response:
    """Put it back in."""
    await taste.restore(session, visitor, product_id)
    return _back("restored")


@router.post("/posts/removed/{post_id}")
async def remove_post(
    session: SessionDep,
    person: CurrentDep,
    _: CsrfDep,
    post_id: UUID,
    rec: Annotated[str | None, Form(max_length=40)] = None,
) -> Response:
    """Show a post in one's own feed no more."""
    await unwanted.remove(session, person.customer_id, post_id, recommendation(rec))
    return RedirectResponse("/forum/for-you?done=removed", status_code=303)


@router.post("/posts/restored/{post_id}")
async def restore_post(session: SessionDep, person: CurrentDep, _: CsrfDep, post_id: UUID) -> Response:
    """Let it stand there again."""
    await unwanted.restore(session, person.customer_id, post_id)
    return _back("post-restored")


@router.post("/reset")
@open_to_all
async def reset(session: SessionDep, _: CsrfDep, visitor: VisitorDep) -> Response:
    """Start over."""
    await taste.reset(session, visitor)
    return _back("reset")


@router.post("/choice")
@open_to_all
async def choose(
    session: SessionDep, _: CsrfDep, visitor: VisitorDep, is_personalised: Annotated[bool, Form()] = False
) -> Response:
    """Be chosen for, or see what everybody sees."""
    await taste.choose(session, visitor, is_personalised)
    return _back("personal" if is_personalised else "alike")


def _back(done: str) -> Response:
    return RedirectResponse(f"{HERE}?done={done}", status_code=303)
