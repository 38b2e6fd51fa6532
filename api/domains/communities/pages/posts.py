"""A post with its thread, a comment by its own address, what stood there before, and other words for a post."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import BackgroundTasks, Query, Request, Response

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.errors import AppError
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.core.tracking import recommendation, track
from api.domains.communities.pages import linked
from api.domains.communities.pages.forms import Short, Words, go, typed, wrong_fields
from api.domains.communities.service import access, comments, permalinks, posts, purchases, threads, wanted
from ingestion.contracts.analytics import PostViewed

router = Router()
Sort = Annotated[Literal["best", "new", "controversial", "old"], Query()]
Cursor = Annotated[str | None, Query(max_length=500)]


@router.get("/forum/posts/{post_id}")
@open_to_all
async def show_post(
    request: Request,
    post_id: UUID,
    reader: ReadDep,
    visitor: VisitorDep,
    background: BackgroundTasks,
    sort: Sort = "best",
    cursor: Cursor = None,
    rec: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """A post with its thread."""
    post = await posts.get(reader, post_id, visitor)
    branches, more = await threads.read(reader, post, visitor, sort, cursor)
    if cursor is None and post.status == "published":
        seen = PostViewed(
            anonymous_id=visitor.anonymous_id,
            customer_id=visitor.customer_id,
            post_id=post_id,
            recommendation_id=recommendation(rec),
        )
        track(request, background, seen)
    return render(
        request,
        "post.html",
        post=post,
        is_saved=await wanted.is_saved(reader, visitor.customer_id, post_id) if visitor.customer_id else False,
        product=await purchases.product_of(reader, post.product_id) if post.product_id else None,
        place=await access.standing(reader, post.community_id, visitor),
        branches=branches,
        more=more,
        sort=sort,
        errors={},
        said="",
        linked=None if visitor.customer_id else linked.discussion(post, branches),
    )


@router.get("/forum/comments/{comment_id}")
@open_to_all
async def show_comment(
    request: Request, comment_id: UUID, reader: ReadDep, visitor: VisitorDep, sort: Sort = "best", cursor: Cursor = None
) -> Response:
    """A comment with what it answers and what answers it."""
    found = await permalinks.open(reader, comment_id, visitor, sort, cursor)
    place = await access.standing(reader, found.post.community_id, visitor)
    return render(
        request,
        "comment.html",
        found=found,
        post=found.post,
        place=place,
        sort=sort,
        errors={},
        said="",
        said_edit=None,
    )


@router.get("/forum/posts/{post_id}/history")
@open_to_all
async def show_post_history(request: Request, post_id: UUID, reader: ReadDep, visitor: VisitorDep) -> Response:
    """What a post said before."""
    post = await posts.get(reader, post_id, visitor)
    revisions = await posts.revisions(reader, post_id, visitor)
    return render(request, "history.html", post=post, revisions=revisions, back=f"/forum/posts/{post_id}")


@router.get("/forum/comments/{comment_id}/history")
@open_to_all
async def show_comment_history(request: Request, comment_id: UUID, reader: ReadDep, visitor: VisitorDep) -> Response:
    """What a comment said before."""
    _, post = await comments.get(reader, comment_id, visitor)
    revisions = await comments.revisions(reader, comment_id, visitor)
    return render(request, "history.html", post=post, revisions=revisions, back=f"/forum/comments/{comment_id}")


@router.get("/forum/posts/{post_id}/edit")
async def show_editing(
    request: Request, post_id: UUID, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """The words of a post, for its author to change."""
    post = await posts.get(reader, post_id, person)
    said = {"title": post.title, "body": post.body}
    return render(request, "edit_post.html", post=post, said=said, errors={})


@router.post("/forum/posts/{post_id}/edit")
@limited("post")
async def edit(
    request: Request,
    post_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    title: Short = "",
    body: Words = "",
) -> Response:
    """Keep them; or the form again with what is wrong."""
    post = await posts.get(session, post_id, person)
    try:
        await posts.edit(session, person, post_id, title, typed(body))
    except AppError as error:
        if error.status != 422:
            raise
        said, wrong = {"title": title, "body": typed(body)}, wrong_fields(error)
        return render(request, "edit_post.html", 422, post=post, said=said, errors=wrong)
    return go(f"/forum/posts/{post_id}")
