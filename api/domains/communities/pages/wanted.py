"""What one keeps, and what one does not want to see."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, Reader, SessionDep, transaction
from api.core.errors import Invalid
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.pages.forms import Handle, Words, back, go, typed, wrong_fields
from api.domains.communities.service import wanted

router = Router()


@router.get("/forum/saved")
async def show_saved(
    request: Request,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: CurrentDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """What one keeps."""
    return render(request, "saved.html", page=await wanted.saved(reader, person, cursor, 20))


@router.post("/forum/posts/{post_id}/save")
async def save(
    post_id: UUID,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    is_saved: Annotated[bool, Form()] = False,
    here: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep a post to read again, or no longer."""
    await wanted.save(session, person, post_id, is_saved)
    return go(back(here or f"/forum/posts/{post_id}"))


@router.get("/forum/unwanted")
async def show_unwanted(request: Request, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep) -> Response:
    """Whom and what one does not want to see."""
    return await _page(request, reader, person.customer_id)


async def _page(
    request: Request, reader: Reader, customer_id: UUID, said: str | None = None, wrong: dict[str, str] | None = None
) -> Response:
    return render(
        request,
        "unwanted.html",
        422 if wrong else 200,
        silenced=await wanted.silenced(reader, customer_id),
        said="\n".join(await wanted.terms(reader, customer_id)) if said is None else said,
        errors=wrong or {},
    )


@router.post("/forum/unwanted")
async def choose_terms(
    request: Request, person: CurrentDep, _visitor: VisitorDep, _: CsrfDep, terms: Words = ""
) -> Response:
    """Other words; or the form again with what is wrong."""
    try:
        async with transaction() as session:
            await wanted.choose_terms(session, person.customer_id, typed(terms).split("\n"))
    except Invalid as error:
        async with transaction() as session:
            return await _page(request, session, person.customer_id, typed(terms), wrong_fields(error))
    return go("/forum/unwanted")


@router.post("/forum/u/{handle}/silence")
async def silence(
    handle: Handle,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    kind: Annotated[Literal["block", "mute", "hear"], Form()],
    here: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Mute or block somebody, or hear them again."""
    await wanted.silence(session, person.customer_id, handle, None if kind == "hear" else kind)
    return go(back(here or f"/forum/u/{handle}"))
