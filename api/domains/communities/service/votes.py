"""Votes: up, down or none; one of each person on each post and comment."""

from uuid import UUID

from api.core.auth import Principal
from api.core.db import Reader, alone, reading
from api.core.errors import Invalid
from api.domains.communities.contracts import CommentView, PostView
from api.domains.communities.domain.roles import may_write
from api.domains.communities.errors import Closed, MayNotWrite, OwnWords
from api.domains.communities.repository import votes as repository
from api.domains.communities.service import access, comments, posts
from ingestion.contracts.communities import CommentVoted, PostVoted


async def vote_on_post(person: Principal, post_id: UUID, value: int) -> PostView:
    """A person's vote from now on: 1, -1 or 0; the same again changes nothing.

    Raises PostNotFound, MayNotWrite, OwnWords, Closed and Invalid.
    """
    _check_value(value)
    who = {"customer_id": person.customer_id, "value": value}
    event = PostVoted(post_id=post_id, community_id=repository.A_COMMUNITY, **who)
    async with alone() as connection:
        counted = await repository.cast_on_post(connection, post_id, person.customer_id, value, event)
    if counted is not None and counted.kind != "poll":
        return counted
    async with reading() as reader:
        post = await posts.get(reader, post_id, person)
        if counted is None:
            await _check(reader, person, post, post.status, post.author_id)
        return post


async def vote_on_comment(person: Principal, comment_id: UUID, value: int) -> CommentView:
    """The same on a comment. Raises CommentNotFound, PostNotFound, MayNotWrite, OwnWords, Closed and Invalid."""
    _check_value(value)
    where = {"post_id": repository.A_POST, "community_id": repository.A_COMMUNITY}
    event = CommentVoted(comment_id=comment_id, **where, customer_id=person.customer_id, value=value)
    async with alone() as connection:
        counted = await repository.cast_on_comment(connection, comment_id, person.customer_id, value, event)
    if counted is not None:
        return counted
    async with reading() as reader:
        comment, post = await comments.get(reader, comment_id, person)
        status = comment.status if post.status == "published" else post.status
        await _check(reader, person, post, status, comment.author_id)
        return comment


def _check_value(value: int) -> None:
    if value not in (-1, 0, 1):
        raise Invalid("value", "is 1, -1 or 0")


async def _check(reader: Reader, person: Principal, post: PostView, status: str, author_id: UUID) -> None:
    """Say why a vote did not count, unless it only said the same again."""
    if status != "published":
        raise Closed
    if author_id == person.customer_id:
        raise OwnWords
    if not may_write(post.visibility, await access.standing(reader, post.community_id, person)):
        raise MayNotWrite
