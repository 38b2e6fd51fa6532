"""Sets of communities: one's own, the form of one, and a set read as one feed."""

from typing import Annotated

from fastapi import Form, Query, Request, Response

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep, transaction
from api.core.errors import AppError
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.pages.forms import Handle, Short, Slug, Words, go, typed, wrong_fields
from api.domains.communities.service import communities, feeds, multis, people

router = Router()
HERE = "/forum/sets"


@router.get(HERE)
async def show_sets(request: Request, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep) -> Response:
    """One's own sets."""
    return render(request, "multis.html", sets=await multis.own(reader, person))


@router.get(f"{HERE}/new")
async def show_new(request: Request, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep) -> Response:
    """The form of a new set, with the communities that one belongs to."""
    joined = "\n".join(each.slug for each in await communities.joined(reader, person.customer_id))
    said = {"slug": "", "name": "", "communities": joined, "is_public": False}
    return render(request, "multi_form.html", multi=None, said=said, errors={})


@router.get(HERE + "/{slug}/edit")
async def show_edit(
    request: Request, slug: Slug, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """The form of a set of one's own."""
    found = await people.find(reader, person.customer_id)
    multi, places = await multis.show(reader, found.handle if found else "", slug, person)
    words = "\n".join(each.slug for each in places)
    said = {"slug": slug, "name": multi.name, "communities": words, "is_public": multi.is_public}
    return render(request, "multi_form.html", multi=multi, said=said, errors={})


@router.post(HERE)
@limited("post")
async def put(
    request: Request,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    slug: Short = "",
    name: Short = "",
    places: Annotated[Words, Form(alias="communities")] = "",
    is_public: Annotated[bool, Form()] = False,
    is_new: Annotated[bool, Form()] = False,
) -> Response:
    """Keep a set; or the form again with what is wrong."""
    said = {"slug": slug, "name": name, "communities": typed(places), "is_public": is_public}
    wanted = typed(places).split("\n")
    try:
        async with transaction() as session:
            multi, _places = await multis.put(session, person, slug, name, wanted, is_public=is_public)
    except AppError as error:
        return render(
            request,
            "multi_form.html",
            error.status,
            multi=None if is_new else {"slug": slug},
            said=said,
            errors=wrong_fields(error, "name"),
        )
    return go(f"/forum/u/{multi.owner}/m/{multi.slug}")


@router.post(HERE + "/{slug}/delete")
async def delete(slug: Slug, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Take a set away."""
    await multis.delete(session, person, slug)
    return go(HERE)


@router.get("/forum/u/{handle}/m/{slug}")
@open_to_all
async def show_set(
    request: Request,
    handle: Handle,
    slug: Slug,
    reader: ReadDep,
    visitor: VisitorDep,
    sort: Annotated[feeds.Sort, Query()] = "hot",
    window: Annotated[feeds.Window, Query()] = "all",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Posts of a set's communities."""
    multi, places = await multis.show(reader, handle, slug, visitor)
    feed = feeds.Feed(tuple(each.community_id for each in places), sort, window)
    page = await feeds.read(reader, feed, visitor, cursor)
    return render(request, "multi.html", multi=multi, places=places, page=page, sort=sort, window=window)
