"""What people began to write: kept as they type, and nobody else's."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.auth import Principal
from api.core.db import Reader
from api.core.errors import Invalid
from api.domains.communities.contracts import DraftView
from api.domains.communities.errors import DraftChanged, DraftNotFound, TooManyDrafts
from api.domains.communities.repository import drafts as repository
from api.domains.communities.service import access

MOST = 50
LONGEST = {"title": 300, "body": 40_000, "url": 2000, "options": 2100}
KINDS = ("text", "link", "image", "poll")


@dataclass(frozen=True, slots=True)
class Begun:
    """What stands in the form; nothing of it has to fit yet, but for its length."""

    kind: str = "text"
    title: str = ""
    body: str = ""
    url: str = ""
    options: str = ""
    image_id: UUID | None = None
    product_id: int | None = None
    is_owners_only: bool = False


def keeper(draft_id: UUID) -> str:
    """How a draft is called where its picture is kept."""
    return f"draft:{draft_id}"


async def keep(
    session: AsyncSession, person: Principal, slug: str, draft_id: UUID, revision: int, begun: Begun
) -> DraftView:
    """Keep it in place of `revision`; 0: it is new. The same again changes nothing.

    Raises CommunityNotFound, Invalid, TooManyDrafts, PictureNotFound, DraftNotFound for another person's, and
    DraftChanged where it was kept since.
    """
    community, _ = await access.readable(session, slug, person)
    for name, longest in LONGEST.items():
        if len(getattr(begun, name)) > longest or "\x00" in getattr(begun, name):
            raise Invalid(name, f"takes up to {longest} characters")
    if begun.kind not in KINDS:
        raise Invalid("kind", f"is one of {', '.join(KINDS)}")
    if await repository.count_others(session, person.customer_id, draft_id) >= MOST:
        raise TooManyDrafts
    ids = {"draft_id": draft_id, "customer_id": person.customer_id, "community_id": community.community_id}
    if not await repository.keep(session, ids | {"revision": revision} | asdict(begun)):
        known = await get(session, person.customer_id, draft_id)
        if Begun(*(getattr(known, name) for name in Begun.__slots__)) != begun:
            raise DraftChanged(revision=known.revision)
    if begun.image_id is not None:
        await uploads.keep(session, person.customer_id, begun.image_id, keeper(draft_id))
    return await get(session, person.customer_id, draft_id)


async def of_person(reader: Reader, customer_id: UUID) -> list[DraftView]:
    """A person's drafts, the latest first."""
    return await repository.of_person(reader, customer_id, MOST)


async def get(reader: Reader, customer_id: UUID, draft_id: UUID) -> DraftView:
    """One of them. Raises DraftNotFound."""
    found = await repository.find(reader, customer_id, draft_id)
    if found is None:
        raise DraftNotFound
    return found


async def drop(session: AsyncSession, customer_id: UUID, draft_id: UUID) -> None:
    """Forget one, with its picture unless a post shows it; one that is gone is no error."""
    if await repository.drop(session, customer_id, draft_id):
        await uploads.release(session, keeper(draft_id))
