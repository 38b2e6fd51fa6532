"""JSON of feeds and of search."""

from typing import Annotated, Literal

from fastapi import Path, Query

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.communities import schemas
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor, Limit, Slug
from api.domains.communities.service import access, communities, feeds, purchases

router = Router(prefix="/v1", tags=["communities"])
Sort = Annotated[feeds.Sort, Query()]
Window = Annotated[feeds.Window, Query()]


@router.get("/feed")
@open_to_all
async def show_feed(
    reader: ReadDep,
    visitor: VisitorDep,
    of: Annotated[Literal["popular", "all"], Query()] = "popular",
    sort: Annotated[feeds.Sort | None, Query()] = None,
    window: Window = "all",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> schemas.Posts:
    """Posts of every community that is not private: popular ones, or all by their time unless you sort otherwise."""
    by_itself: feeds.Sort = "scaled" if of == "popular" else "new"
    feed = feeds.Feed(None, sort or by_itself, window)
    return shapes.posts(await feeds.read(reader, feed, visitor, cursor, limit))


@router.get("/me/feed")
async def show_own_feed(
    reader: ReadDep,
    person: CurrentDep,
    sort: Sort = "hot",
    window: Window = "all",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> schemas.Posts:
    """Posts of the communities that you belong to."""
    ids = tuple(each.community_id for each in await communities.joined(reader, person.customer_id))
    return shapes.posts(await feeds.read(reader, feeds.Feed(ids, sort, window), person, cursor, limit))


@router.get("/communities/{slug}/posts")
@open_to_all
async def list_posts(
    slug: Slug,
    reader: ReadDep,
    visitor: VisitorDep,
    sort: Sort = "hot",
    window: Window = "all",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> schemas.Posts:
    """Posts of one community."""
    found, _ = await access.readable(reader, slug, visitor)
    feed = feeds.Feed((found.community_id,), sort, window)
    return shapes.posts(await feeds.read(reader, feed, visitor, cursor, limit))


@router.get("/products/{product_id}/posts")
@open_to_all
async def list_posts_about(
    product_id: Annotated[int, Path(ge=1, lt=2**63)],
    reader: ReadDep,
    visitor: VisitorDep,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> schemas.Posts:
    """Posts about a product that you may read, the newest first."""
    await purchases.product_of(reader, product_id)
    return shapes.posts(await purchases.about(reader, product_id, visitor, cursor, limit))


@router.get("/posts")
@open_to_all
@limited("search")
async def search_posts(
    reader: ReadDep,
    visitor: VisitorDep,
    query: Annotated[str, Query(min_length=1, max_length=200)],
    community: Annotated[str | None, Query(max_length=30)] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> schemas.Posts:
    """Posts with these words that you may read, the newest first."""
    found = (await access.readable(reader, community, visitor))[0].community_id if community else None
    return shapes.posts(await feeds.search(reader, query, found, visitor, cursor, limit))
