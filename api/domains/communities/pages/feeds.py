"""The forum's first page, the page of a community, and search."""

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.core.access import open_to_all
from api.core.auth import VisitorDep
from api.core.db import ReadDep
from api.core.limits import limited
from api.core.paging import Page
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.contracts import PostView
from api.domains.communities.domain.roles import may_read, may_write
from api.domains.communities.pages.forms import Slug
from api.domains.communities.service import access, communities, feeds, purchases

router = Router()
Cursor = Annotated[str | None, Query(max_length=500)]
Sort = Annotated[feeds.Sort | None, Query()]
Window = Annotated[feeds.Window, Query()]
SIDE = 8  # communities beside a feed


@router.get("/forum")
@open_to_all
async def show_feed(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    of: Annotated[Literal["joined", "popular", "all"] | None, Query()] = None,
    sort: Sort = None,
    window: Window = "all",
    cursor: Cursor = None,
) -> Response:
    """Posts of the person's communities, popular ones, or all."""
    joined = await communities.joined(reader, visitor.customer_id) if visitor.customer_id else []
    if of == "joined" and visitor.customer_id is None:
        return RedirectResponse("/sign-in?next=/forum", 303)
    shown = of or ("joined" if joined else "popular")
    by_itself: dict[str, feeds.Sort] = {"joined": "hot", "popular": "scaled", "all": "new"}
    order = sort or by_itself[shown]
    ids = tuple(each.community_id for each in joined) if shown == "joined" else None
    page = await feeds.read(reader, feeds.Feed(ids, order, window), visitor, cursor)
    return render(
        request,
        "forum.html",
        page=page,
        of=shown,
        sort=order,
        window=window,
        joined=joined,
        largest=(await communities.largest(reader, None, SIDE)).items,
    )


@router.get("/forum/c/{slug}")
@open_to_all
async def show_community(
    request: Request,
    slug: Slug,
    reader: ReadDep,
    visitor: VisitorDep,
    sort: Sort = None,
    window: Window = "all",
    cursor: Cursor = None,
) -> Response:
    """A community; of a private one others see its door alone."""
    community, place = await access.door(reader, slug, visitor)
    is_read = may_read(community.visibility, place)
    page: Page[PostView] = Page([])
    if is_read:
        feed = feeds.Feed((community.community_id,), sort or "hot", window)
        page = await feeds.read(reader, feed, visitor, cursor)
    return render(
        request,
        "community.html",
        community=community,
        place=place,
        is_read=is_read,
        may_write=may_write(community.visibility, place),
        page=page,
        sort=sort or "hot",
        window=window,
        leaders=await communities.leaders(reader, community.community_id) if is_read else [],
    )


@router.get("/forum/search")
@open_to_all
@limited("search")
async def search(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    query: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    """Posts with these words."""
    page: Page[PostView] = Page([])
    if query.strip():
        page = await feeds.search(reader, query, None, visitor, cursor, 20)
    return render(request, "forum_search.html", page=page, query=query.strip())


@router.get("/forum/products/{product_id}")
@open_to_all
async def show_product(
    request: Request,
    product_id: Annotated[int, Path(ge=1, lt=2**63)],
    reader: ReadDep,
    visitor: VisitorDep,
    cursor: Cursor = None,
) -> Response:
    """What is said of a product."""
    product = await purchases.product_of(reader, product_id)
    return render(
        request,
        "forum_product.html",
        product=product,
        page=await purchases.about(reader, product_id, visitor, cursor, 20),
        joined=await communities.joined(reader, visitor.customer_id) if visitor.customer_id else [],
    )
