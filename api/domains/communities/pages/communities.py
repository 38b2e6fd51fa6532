"""Communities: the list, founding one, describing it, joining and leaving."""

from typing import Annotated

from fastapi import Query, Request, Response

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.errors import AppError
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.errors import MayNotModerate
from api.domains.communities.pages.forms import Short, Slug, Words, go, typed, wrong_fields
from api.domains.communities.service import access, communities

router = Router()


@router.get("/forum/communities")
@open_to_all
async def list_communities(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Communities that are not private, and those of the person."""
    return render(
        request,
        "communities.html",
        page=await communities.largest(reader, cursor, 30),
        joined=await communities.joined(reader, visitor.customer_id) if visitor.customer_id else [],
    )


@router.get("/forum/new-community")
async def show_founding(request: Request, _visitor: VisitorDep, _: CurrentDep) -> Response:
    """The form of a new community."""
    return render(request, "community_form.html", community=None, said={}, errors={})


@router.post("/forum/new-community")
@limited("post")
async def found(
    request: Request,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    slug: Short = "",
    name: Short = "",
    description: Words = "",
    rules: Words = "",
    visibility: Short = "public",
) -> Response:
    """Found it; or the form again with what is wrong."""
    words = {"name": name, "description": typed(description), "rules": typed(rules), "visibility": visibility}
    try:
        made = await communities.found(session, person, slug, **words)
    except AppError as error:
        said, wrong = words | {"slug": slug}, wrong_fields(error, "form")
        if error.type == "slug-taken":
            wrong = {"slug": f"{error.title}."}
        return render(request, "community_form.html", error.status, community=None, said=said, errors=wrong)
    return go(f"/forum/c/{made.slug}")


@router.get("/forum/c/{slug}/describe")
async def show_describing(
    request: Request, slug: Slug, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """What the community says of itself, for its owner to change."""
    community, place = await access.readable(reader, slug, person)
    if place.role != "owner":
        raise MayNotModerate
    said = {name: getattr(community, name) for name in ("name", "description", "rules", "visibility")}
    return render(request, "community_form.html", community=community, said=said, errors={})


@router.post("/forum/c/{slug}/describe")
async def describe(
    request: Request,
    slug: Slug,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    name: Short = "",
    description: Words = "",
    rules: Words = "",
    visibility: Short = "",
) -> Response:
    """Keep it; or the form again with what is wrong."""
    community, _place = await access.readable(session, slug, person)
    words = {
        "name": name,
        "description": typed(description),
        "rules": typed(rules),
        "visibility": visibility or community.visibility,
    }
    try:
        await communities.change(session, person, slug, **words)
    except MayNotModerate:
        raise
    except AppError as error:
        wrong = wrong_fields(error, "form")
        return render(request, "community_form.html", error.status, community=community, said=words, errors=wrong)
    return go(f"/forum/c/{slug}")


@router.post("/forum/c/{slug}/join")
async def join(slug: Slug, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Belong to it, or ask to."""
    await communities.join(session, person, slug)
    return go(f"/forum/c/{slug}")


@router.post("/forum/c/{slug}/leave")
async def leave(slug: Slug, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Belong to it no longer."""
    await communities.leave(session, person, slug)
    return go(f"/forum/c/{slug}")
