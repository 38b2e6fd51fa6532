"""Multi-communities: a person's own named sets of communities, each read as one feed; private or for everybody."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.errors import Invalid
from api.domains.communities.contracts import CommunityView, Multi
from api.domains.communities.errors import MultiNotFound, TooManyMultis
from api.domains.communities.repository import multis as repository
from api.domains.communities.service import people
from api.domains.communities.service.naming import naming
from api.domains.moderation import facade as moderation
from ingestion.contracts import new_event_id

MOST, LARGEST = 50, 100
Shown = tuple[Multi, list[CommunityView]]


async def put(
    session: AsyncSession, person: Principal, slug: str, name: str, communities: Iterable[str], *, is_public: bool
) -> Shown:
    """Make a set of communities, named by their addresses, or another one of it; the same again changes nothing.

    Raises Invalid also for a community that the person does not read, TooManyMultis, and TextRefused where others
    would read the name and a rule is against it.
    """
    slug, name = naming(slug, name)
    wanted = sorted({each.strip().lower() for each in communities if each.strip()})
    if not 1 <= len(wanted) <= LARGEST:
        raise Invalid("communities", f"takes 1 to {LARGEST} communities")
    known = await repository.readable(session, wanted, person.customer_id)
    if missing := [each for each in wanted if each not in known]:
        raise Invalid("communities", f"names {missing[0][:30]}, which is no community that you read")
    owner = await people.ensure(session, person.customer_id)
    await repository.take_turns(session, person.customer_id)
    if await repository.count_others(session, person.customer_id, slug) >= MOST:
        raise TooManyMultis
    if is_public:
        verdict = await moderation.judge(session, name, "community", person.customer_id, can_wait=False)
        if verdict.outcome != "allow":
            raise Invalid("name", "cannot be this one where everybody reads it")
    values = {"multi_id": new_event_id(), "owner_id": person.customer_id, "slug": slug, "name": name}
    await repository.put(session, values | {"is_public": is_public}, list(known.values()))
    return await show(session, owner.handle, slug, person)


async def delete(session: AsyncSession, person: Principal, slug: str) -> None:
    """Take a set away. Raises MultiNotFound."""
    if not await repository.delete(session, person.customer_id, slug):
        raise MultiNotFound


async def own(reader: Reader, person: Principal) -> list[Shown]:
    """A person's sets, by name."""
    return [await _shown(reader, each, person.customer_id) for each in await _of(reader, person.customer_id, True)]


async def of_person(reader: Reader, owner_id: UUID, viewer: UUID | None) -> list[Multi]:
    """Somebody's sets, as far as the viewer may know of them."""
    return await _of(reader, owner_id, owner_id == viewer)


async def show(reader: Reader, handle: str, slug: str, who: Visitor | Principal) -> Shown:
    """A set with its communities, without private ones that the person does not belong to.

    Raises MultiNotFound also for a private one of somebody else.
    """
    found = await repository.find(reader, handle, slug)
    if found is None or not (found.is_public or found.owner_id == who.customer_id):
        raise MultiNotFound
    return await _shown(reader, found, who.customer_id)


async def _of(reader: Reader, owner_id: UUID, is_own: bool) -> list[Multi]:
    return await repository.of_person(reader, owner_id, is_own=is_own)


async def _shown(reader: Reader, multi: Multi, viewer: UUID | None) -> Shown:
    return multi, await repository.communities_of(reader, multi.multi_id, viewer)
