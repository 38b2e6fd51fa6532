"""Forms below posts and comments: votes, polls, answers, other words, taking away."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import SessionDep
from api.core.errors import AppError, Invalid
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.pages.forms import Short, Words, back, go, typed, wrong_fields
from api.domains.communities.service import access, comments, permalinks, posts, votes

router = Router()


@router.post("/forum/vote")
async def vote(
    person: CurrentDep,
    _: CsrfDep,
    vote: Annotated[str, Form(pattern=r"^(post|comment):[0-9a-f-]{36}:(1|0|-1)$")],
    here: Short = "",
) -> Response:
    """One form for a whole page: each button says what is voted on, and how."""
    kind, subject, value = vote.split(":")
    try:
        subject_id = UUID(subject)
    except ValueError:
        raise Invalid("vote", "is of nothing") from None
    if kind == "post":
        await votes.vote_on_post(person, subject_id, int(value))
        return go(f"{back(here)}#p-{subject_id}")
    await votes.vote_on_comment(person, subject_id, int(value))
    return go(f"{back(here)}#c-{subject_id}")


@router.post("/forum/posts/{post_id}/choice")
async def choose(
    post_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep, option: Annotated[int, Form(ge=1, le=10)]
) -> Response:
    """A choice in a poll."""
    await posts.choose(session, person, post_id, option)
    return go(f"/forum/posts/{post_id}")


@router.post("/forum/posts/{post_id}/comments")
@limited("post")
async def answer(
    request: Request,
    post_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    body: Words = "",
    parent_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Answer; or the form again with what is wrong."""
    body = typed(body)
    try:
        said = await comments.write(session, person, post_id, parent_id, body)
    except AppError as error:
        if error.status not in (409, 422):
            raise
        post = await posts.get(session, post_id, person)
        place, wrong = await access.standing(session, post.community_id, person), wrong_fields(error)
        parent = (await comments.get(session, parent_id, person))[0] if parent_id else None
        return render(
            request, "answer.html", error.status, post=post, place=place, parent=parent, said=body, errors=wrong
        )
    return go(f"/forum/comments/{said.comment_id}#c-{said.comment_id}")


@router.post("/forum/comments/{comment_id}/edit")
@limited("post")
async def edit(
    request: Request,
    comment_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    body: Words = "",
) -> Response:
    """Other words; or the form again with what is wrong."""
    try:
        await comments.edit(session, person, comment_id, typed(body))
    except AppError as error:
        if error.status != 422:
            raise
        found = await permalinks.open(session, comment_id, person, "best", None)
        place, wrong = await access.standing(session, found.post.community_id, person), wrong_fields(error)
        return render(
            request,
            "comment.html",
            422,
            errors=wrong,
            said_edit=typed(body),
            found=found,
            post=found.post,
            place=place,
            sort="best",
            said="",
        )
    return go(f"/forum/comments/{comment_id}#c-{comment_id}")


@router.post("/forum/comments/{comment_id}/delete")
async def delete_comment(comment_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Take a comment of one's own away."""
    comment, _post = await comments.get(session, comment_id, person)
    await comments.delete(session, person, comment_id)
    return go(f"/forum/posts/{comment.post_id}")


@router.post("/forum/posts/{post_id}/delete")
async def delete_post(post_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Take a post of one's own away."""
    post = await posts.get(session, post_id, person)
    await posts.delete(session, person, post_id)
    return go(f"/forum/c/{post.community}")
