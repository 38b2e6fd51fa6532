"""The page of one's own taste: what is used, why, and how to change it."""

from typing import Annotated

from fastapi import Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.core.access import open_to_all
from api.core.auth import CsrfDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.recommendations.service import taste

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
