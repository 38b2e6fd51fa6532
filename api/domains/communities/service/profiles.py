"""What somebody wrote, as far as whoever looks may read it."""

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.domains.communities.contracts import CommentView, Karma, Person, PostView
from api.domains.communities.repository import comments, posts
from api.domains.communities.repository import people as repository
from api.domains.communities.service import people

SHOWN = 20


async def show(
    reader: Reader, handle: str, who: Visitor | Principal
) -> tuple[Person, Karma, list[PostView], list[CommentView]]:
    """A person with what others think of their words, and the newest of these. Raises PersonNotFound."""
    person = await people.by_handle(reader, handle)
    return (
        person,
        await repository.karma(reader, person.customer_id),
        await posts.by_author(reader, person.customer_id, who.customer_id, SHOWN),
        await comments.by_author(reader, person.customer_id, who.customer_id, SHOWN),
    )
