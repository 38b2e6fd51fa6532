"""JSON of multi-communities: a person's own named sets of communities, each read as one feed."""

from typing import Annotated

from fastapi import Path, Query

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.communities import schemas as common
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor, Limit, Slug
from api.domains.communities.schemas import multis as schemas
from api.domains.communities.service import feeds, multis
from api.domains.communities.service.multis import Shown

router = Router(prefix="/v1", tags=["communities"])
Handle = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]


def _out(shown: Shown) -> schemas.MultiOut:
    multi, places = shown
    names = [schemas.Place(slug=each.slug, name=each.name) for each in places]
    return schemas.MultiOut(
        owner=multi.owner, slug=multi.slug, name=multi.name, is_public=multi.is_public, communities=names
    )


@router.get("/me/multis")
async def list_multis(reader: ReadDep, person: CurrentDep) -> list[schemas.MultiOut]:
    """Your sets of communities, by name."""
    return [_out(each) for each in await multis.own(reader, person)]


@router.put("/me/multis/{slug}")
@limited("post")
async def put_multi(slug: Slug, body: schemas.MultiWrite, session: SessionDep, person: CurrentDep) -> schemas.MultiOut:
    """Make a set of up to 100 communities, or another one of it."""
    made = await multis.put(session, person, slug, body.name, body.communities, is_public=body.is_public)
    return _out(made)


@router.delete("/me/multis/{slug}", status_code=204)
async def delete_multi(slug: Slug, session: SessionDep, person: CurrentDep) -> None:
    """Take a set away; its communities stay as they are."""
    await multis.delete(session, person, slug)


@router.get("/people/{handle}/multis/{slug}")
@open_to_all
async def show_multi(handle: Handle, slug: Slug, reader: ReadDep, visitor: VisitorDep) -> schemas.MultiOut:
    """Somebody's set of communities, where it is for everybody or your own."""
    return _out(await multis.show(reader, handle, slug, visitor))


@router.get("/people/{handle}/multis/{slug}/posts")
@open_to_all
async def list_multi_posts(
    handle: Handle,
    slug: Slug,
    reader: ReadDep,
    visitor: VisitorDep,
    sort: Annotated[feeds.Sort, Query()] = "hot",
    window: Annotated[feeds.Window, Query()] = "all",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> common.Posts:
    """Posts of its communities that you may read."""
    _, places = await multis.show(reader, handle, slug, visitor)
    feed = feeds.Feed(tuple(each.community_id for each in places), sort, window)
    return shapes.posts(await feeds.read(reader, feed, visitor, cursor, limit))
