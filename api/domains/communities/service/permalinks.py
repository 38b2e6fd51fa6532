"""A comment by its own address: what it answers, and what answers it."""

from dataclasses import dataclass
from uuid import UUID

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.domains.communities.contracts import Branch, CommentView, PostView
from api.domains.communities.repository.comments import Sort
from api.domains.communities.service import access, comments, threads


@dataclass(frozen=True, slots=True)
class Permalink:
    """A comment in its thread; `next_cursor` leads to further answers of it."""

    post: PostView
    above: list[CommentView]
    branch: Branch
    next_cursor: str | None


async def open(  # noqa: A001 -- what one does with a link
    reader: Reader, comment_id: UUID, who: Visitor | Principal, sort: Sort, cursor: str | None
) -> Permalink:
    """Raises CommentNotFound, PostNotFound, and Invalid for a cursor of another list."""
    comment, post = await comments.get(reader, comment_id, who)
    place = await access.standing(reader, post.community_id, who)
    above = await comments.above(reader, comment, who, place)
    below, more = await threads.read(reader, post, who, sort, cursor, below=comment_id)
    branch = Branch(comment, tuple(below), 0, None)
    return Permalink(post, above, branch, more)
