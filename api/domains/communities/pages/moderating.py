"""The log of a community, what waits for its moderators, and the forms with which they act."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, Principal, VisitorDep
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import AppError
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.pages.forms import Short, Slug, back, go, wrong_fields
from api.domains.communities.service import access, communities, moderating

router = Router()
Act = Annotated[str, Form(max_length=20)]


@router.get("/forum/c/{slug}/log")
@open_to_all
async def show_log(
    request: Request,
    slug: Slug,
    reader: ReadDep,
    visitor: VisitorDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """What moderators did, for everybody who reads the community."""
    community, place = await access.readable(reader, slug, visitor)
    page = await moderating.log(reader, community.community_id, cursor, 50)
    return render(request, "mod_log.html", community=community, place=place, page=page)


@router.get("/forum/c/{slug}/queue")
async def show_queue(
    request: Request, slug: Slug, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """What waits for moderators, and the people of the community whom they lead."""
    return await _queue(request, reader, person, slug)


async def _queue(
    request: Request, reader: Reader, person: Principal, slug: str, code: int = 200, wrong: str = ""
) -> Response:
    community, place = await access.moderated(reader, slug, person)
    posts, comments, waiting, reported = await moderating.queue(reader, community.community_id)
    return render(
        request,
        "mod_queue.html",
        code,
        community=community,
        place=place,
        posts=posts,
        comments=comments,
        waiting=waiting,
        reported=reported,
        leaders=await communities.leaders(reader, community.community_id),
        wrong=wrong,
    )


@router.post("/forum/posts/{post_id}/moderate")
async def moderate_post(
    post_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep, act: Act, reason: Short = "", here: Short = ""
) -> Response:
    """Remove, restore, approve, reject, lock or unlock."""
    await moderating.on_post(session, person, post_id, act, reason)
    return go(back(here))


@router.post("/forum/comments/{comment_id}/moderate")
async def moderate_comment(
    comment_id: UUID,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    act: Act,
    reason: Short = "",
    here: Short = "",
) -> Response:
    """Remove, restore, approve or reject."""
    await moderating.on_comment(session, person, comment_id, act, reason)
    return go(back(here))


@router.post("/forum/c/{slug}/reports/{case_id}/dismiss")
async def dismiss_report(slug: Slug, case_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Find nothing wrong with what people reported."""
    await moderating.dismiss(session, person, slug, case_id)
    return go(f"/forum/c/{slug}/queue")


@router.post("/forum/c/{slug}/threshold")
async def set_threshold(
    slug: Slug,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    threshold: Annotated[str, Form(pattern=r"^(0\.[3-9]\d?|1)?$")] = "",
) -> Response:
    """From which probability of being toxic a text waits for a look."""
    await moderating.set_threshold(session, person, slug, float(threshold) if threshold else None)
    return go(f"/forum/c/{slug}/queue")


@router.post("/forum/c/{slug}/people")
async def moderate_person(
    request: Request,
    slug: Slug,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    act: Act,
    handle: Short = "",
    reason: Short = "",
) -> Response:
    """Ban, unban, appoint, demote, admit or decline somebody; or the page again with what is wrong."""
    try:
        await moderating.on_person(session, person, slug, handle.strip().lstrip("@"), act, reason)
    except AppError as error:
        if error.type == "community-not-found":
            raise
        (wrong,) = list(wrong_fields(error).values())[:1]
        return await _queue(request, session, person, slug, error.status, wrong)
    return go(f"/forum/c/{slug}/queue")


@router.post("/forum/acts/{act_id}/undo")
async def undo(
    act_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep, slug: Short, reason: Short = ""
) -> Response:
    """Take an act back."""
    await moderating.undo(session, person, act_id, reason)
    return go(back(f"/forum/c/{slug}/log"))
