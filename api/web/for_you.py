"""The forum's page of posts that are chosen for one person."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from api.core.access import open_to_all
from api.core.auth import VisitorDep
from api.core.db import ReadDep
from api.core.paging import Page
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities import facade as communities
from api.domains.recommendations import facade as recommendations

router = Router(include_in_schema=False)
SIDE = 8  # communities beside the feed


@router.get("/forum/for-you")
@open_to_all
async def show_own_feed(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Posts for this person, each with its reason."""
    if visitor.customer_id is None:
        return RedirectResponse("/sign-in?next=/forum/for-you", 303)
    found = await recommendations.for_you(reader, visitor, visitor.customer_id, cursor)
    joined, largest = await communities.beside_a_feed(reader, visitor.customer_id, SIDE)
    return render(
        request,
        "forum.html",
        page=Page([each.post for each in found.items], found.next_cursor),
        reasons={each.post.post_id: each.reason for each in found.items},
        recommendation_id=found.recommendation_id,
        done=done,
        of="for-you",
        is_personal=found.is_personal,
        joined=joined,
        largest=largest,
    )
