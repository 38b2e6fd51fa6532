"""JSON of comments."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.communities import schemas
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor
from api.domains.communities.service import comments, moderating, permalinks, posts, reporting, threads, votes

router = Router(prefix="/v1", tags=["communities"])
Sort = Annotated[Literal["best", "new", "controversial", "old"], Query()]


@router.get("/posts/{post_id}/comments")
@open_to_all
async def list_comments(
    post_id: UUID, reader: ReadDep, visitor: VisitorDep, sort: Sort = "best", cursor: Cursor = None
) -> schemas.Thread:
    """Answers to a post as trees, a page at a time."""
    post = await posts.get(reader, post_id, visitor)
    branches, more = await threads.read(reader, post, visitor, sort, cursor)
    return schemas.Thread(items=[shapes.branch(each) for each in branches], next_cursor=more)


@router.post("/posts/{post_id}/comments", status_code=201)
@limited("post")
async def write_comment(
    post_id: UUID, body: schemas.CommentCreate, person: CurrentDep, session: SessionDep
) -> schemas.Comment:
    """Answer; it may be looked at before others see it."""
    return shapes.comment(await comments.write(session, person, post_id, body.parent_id, body.body))


@router.get("/comments/{comment_id}")
@open_to_all
async def show_comment(
    comment_id: UUID, reader: ReadDep, visitor: VisitorDep, sort: Sort = "best", cursor: Cursor = None
) -> schemas.Permalink:
    """A comment with what it answers, up to three steps, and what answers it."""
    found = await permalinks.open(reader, comment_id, visitor, sort, cursor)
    return schemas.Permalink(
        post=shapes.post(found.post),
        above=[shapes.comment(each) for each in found.above],
        thread=shapes.branch(found.branch),
        next_cursor=found.next_cursor,
    )


@router.put("/comments/{comment_id}")
@limited("post")
async def edit_comment(
    comment_id: UUID, body: schemas.CommentUpdate, person: CurrentDep, session: SessionDep
) -> schemas.Comment:
    """Other words for a comment of your own; the old ones are kept."""
    return shapes.comment(await comments.edit(session, person, comment_id, body.body))


@router.delete("/comments/{comment_id}", status_code=204)
async def delete_comment(comment_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Take a comment of your own away for good; its answers stay."""
    await comments.delete(session, person, comment_id)


@router.get("/comments/{comment_id}/revisions")
@open_to_all
async def list_comment_revisions(comment_id: UUID, reader: ReadDep, visitor: VisitorDep) -> list[schemas.Revision]:
    """What it said before, the newest first."""
    rows = await comments.revisions(reader, comment_id, visitor)
    return [schemas.Revision.model_validate(each, from_attributes=True) for each in rows]


@router.put("/comments/{comment_id}/vote")
async def vote_on_comment(comment_id: UUID, body: schemas.Vote, person: CurrentDep) -> schemas.Comment:
    """Your vote from now on."""
    return shapes.comment(await votes.vote_on_comment(person, comment_id, body.value))


@router.post("/comments/{comment_id}/moderation")
async def moderate_comment(
    comment_id: UUID, body: schemas.CommentModeration, person: CurrentDep, session: SessionDep
) -> schemas.Comment:
    """Remove, restore, approve or reject it: moderators do."""
    return shapes.comment(await moderating.on_comment(session, person, comment_id, body.act, body.reason))


@router.put("/comments/{comment_id}/report", status_code=204)
@limited("post")
async def report_comment(comment_id: UUID, body: schemas.Report, person: CurrentDep, session: SessionDep) -> None:
    """Report it to moderators; your next report of it replaces this one."""
    subject = await reporting.comment_to_report(session, person, comment_id)
    await reporting.report(session, person, subject, body.policy, body.words)
