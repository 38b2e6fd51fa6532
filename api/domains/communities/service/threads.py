"""Threads: answers as trees, a page at a time.

By time a cursor is a comment. By a rank, which votes move, it is a place in an edition (infra/adr/0007): the first five
hundred answers as they stood when somebody began to turn pages. After its end come all other answers of that time, the
newest first. So each answer is on one page, however many vote meanwhile.
"""

from collections import defaultdict
from uuid import UUID

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.paging import decode_cursor, encode_cursor
from api.domains.communities.contracts import Branch, CommentView, PostView
from api.domains.communities.repository import comments as repository
from api.domains.communities.repository import feeds as edition_repository
from api.domains.communities.repository.comments import Sort
from api.domains.communities.service import access
from api.domains.communities.service.comments import shown
from api.domains.communities.service.feeds import FRESH, LONGEST_LIST
from ingestion.contracts import new_event_id

ROOTS, LEVELS = 10, 4  # answers on a page, and how far down each is followed
RANKED = frozenset({"best", "controversial"})


async def read(
    reader: Reader,
    post: PostView,
    who: Visitor | Principal,
    sort: Sort = "best",
    cursor: str | None = None,
    below: UUID | None = None,
) -> tuple[list[Branch], str | None]:
    """Some answers of a post, or of the comment `below` which they stand, and the cursor of further ones.

    Raises Invalid for a cursor of another list, or of an edition that is no longer kept.
    """
    parent = below or post.post_id
    if sort in RANKED:
        ids, more = await _ranked(reader, parent, sort, cursor)
        rows = await repository.trees(reader, ids, sort, LEVELS - 1, who.customer_id) if ids else []
    else:
        after = _after(sort, parent, cursor)
        rows = await repository.tree(reader, parent, sort, after, ROOTS + 1, LEVELS - 1, who.customer_id)
        roots = [each for each in rows if each.parent_id == parent]
        more = _cursor(sort, parent, roots[ROOTS - 1]) if len(roots) > ROOTS else None
    place = await access.standing(reader, post.community_id, who)
    children: dict[UUID, list[CommentView]] = defaultdict(list)
    for each in rows:
        children[each.parent_id].append(shown(each, who, place))
    return [_branch(each, children, sort) for each in children[parent][:ROOTS]], more


def _branch(comment: CommentView, children: dict[UUID, list[CommentView]], sort: Sort) -> Branch:
    """By a rank, what is not shown is found from the comment's own page on, from its first answer."""
    there = children.get(comment.comment_id, [])
    more = max(comment.replies - len(there), 0)
    cursor = _cursor(sort, comment.comment_id, there[-1]) if more and there and sort not in RANKED else None
    return Branch(comment, tuple(_branch(each, children, sort) for each in there), more, cursor)


def _cursor(sort: Sort, parent: UUID, last: CommentView) -> str:
    return encode_cursor(sort, str(parent), str(last.comment_id))


def _after(sort: Sort, parent: UUID, cursor: str | None) -> UUID | None:
    if not cursor:
        return None
    its_sort, its_parent, last = decode_cursor(cursor, str, str, str)
    try:
        if (its_sort, its_parent) != (sort, str(parent)):
            raise ValueError
        return UUID(last)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


async def _ranked(reader: Reader, parent: UUID, sort: Sort, cursor: str | None) -> tuple[list[UUID], str | None]:
    """The answers of a page, and the cursor of the next one."""
    name = f"answers:{parent}:{sort}"
    if cursor is None:
        return await _first(reader, parent, sort, name)
    its_name, edition_id, start, last = decode_cursor(cursor, str, str, int, str)
    try:
        if its_name != name or not 0 <= start <= LONGEST_LIST:
            raise ValueError
        edition, below = UUID(edition_id), UUID(last or edition_id)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None
    found = await edition_repository.open_edition(reader, name, edition, 0, LONGEST_LIST)
    if found is None:
        raise Invalid("cursor", "is of a list that is no longer kept; begin again")
    listed = list(found.ids or ())
    ids = listed[start : start + ROOTS] if not last else []
    end = start + len(ids)
    if len(ids) == ROOTS and end < len(listed):
        return ids, encode_cursor(name, edition_id, end, "")
    rest = await repository.beside(reader, parent, listed, below, ROOTS - len(ids) + 1)
    taken = rest[: ROOTS - len(ids)]
    if len(rest) <= len(taken):
        return ids + taken, None
    return ids + taken, encode_cursor(name, edition_id, end, str(taken[-1]) if taken else "")


async def _first(reader: Reader, parent: UUID, sort: Sort, name: str) -> tuple[list[UUID], str | None]:
    """The first answers. As long as they fit on one page no edition is needed, and what was just said is there."""
    ids = await repository.ranked(reader, parent, sort, ROOTS + 1)
    if len(ids) <= ROOTS:
        return ids, None
    found = await edition_repository.fresh_edition(reader, name, FRESH, ROOTS)
    if found is None:
        ids = await repository.ranked(reader, parent, sort, LONGEST_LIST)
        found = await edition_repository.print_edition(reader, name, new_event_id(), ids, ROOTS)
    return list(found.ids), encode_cursor(name, str(found.edition_id), ROOTS, "")
