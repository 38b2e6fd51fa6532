"""JSON of communities themselves, and of people in them."""

from typing import Annotated

from fastapi import Path

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.communities import schemas
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor, Limit, Slug
from api.domains.communities.service import access, communities, people, profiles

router = Router(prefix="/v1", tags=["communities"])
Handle = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]


@router.get("/communities")
@open_to_all
async def list_communities(reader: ReadDep, cursor: Cursor = None, limit: Limit = 20) -> schemas.Communities:
    """Communities that are not private, the largest first."""
    page = await communities.largest(reader, cursor, limit)
    return schemas.Communities(items=[shapes.community(each) for each in page.items], next_cursor=page.next_cursor)


@router.post("/communities", status_code=201)
@limited("post")
async def found_community(body: schemas.CommunityCreate, person: CurrentDep, session: SessionDep) -> schemas.Community:
    """Found a community and own it."""
    made = await communities.found(session, person, body.slug, body.name, body.description, body.rules, body.visibility)
    return shapes.community(made, "owner")


@router.get("/communities/{slug}")
@open_to_all
async def show_community(slug: Slug, reader: ReadDep, visitor: VisitorDep) -> schemas.Community:
    """What a community says of itself; a private one says it too, so that people can ask to come in."""
    found, place = await access.door(reader, slug, visitor)
    return shapes.community(found, place.role)


@router.put("/communities/{slug}")
async def change_community(
    slug: Slug, body: schemas.CommunityChange, person: CurrentDep, session: SessionDep
) -> schemas.Community:
    """Describe it anew: its owner does."""
    words = (body.name, body.description, body.rules, body.visibility)
    return shapes.community(await communities.change(session, person, slug, *words), "owner")


@router.put("/communities/{slug}/membership")
async def join(slug: Slug, person: CurrentDep, session: SessionDep) -> schemas.Joined:
    """Belong to it, or ask to be let in."""
    return schemas.Joined(role=await communities.join(session, person, slug))


@router.delete("/communities/{slug}/membership", status_code=204)
async def leave(slug: Slug, person: CurrentDep, session: SessionDep) -> None:
    """Belong to it no longer."""
    await communities.leave(session, person, slug)


@router.get("/communities/{slug}/leaders")
@open_to_all
async def list_leaders(slug: Slug, reader: ReadDep, visitor: VisitorDep) -> list[schemas.Leader]:
    """Owner and moderators, the longest appointed first."""
    found, _ = await access.readable(reader, slug, visitor)
    leaders = await communities.leaders(reader, found.community_id)
    return [schemas.Leader(handle=each.handle, role=each.role, appointed_at=each.appointed_at) for each in leaders]


@router.get("/people/{handle}")
@open_to_all
async def show_person(handle: Handle, reader: ReadDep, visitor: VisitorDep) -> schemas.Profile:
    """Somebody, and what they wrote that you may read."""
    person, karma, posts, comments = await profiles.show(reader, handle, visitor)
    return schemas.Profile(
        person=shapes.person(person),
        karma=schemas.Karma(posts=karma.posts, comments=karma.comments),
        posts=[shapes.post(each) for each in posts],
        comments=[shapes.comment(each) for each in comments],
    )


@router.patch("/me/person")
async def change_person(body: schemas.PersonUpdate, person: CurrentDep, session: SessionDep) -> schemas.PersonOut:
    """Choose a handle, once, and say something of yourself."""
    if body.handle is not None:
        await people.choose(session, person.customer_id, body.handle)
    if body.about is not None:
        await people.describe(session, person.customer_id, body.about)
    return shapes.person(await people.ensure(session, person.customer_id))
