"""Who reads, writes and moderates: every use case asks here, so that no door is forgotten."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.access import permits
from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.domains.communities.contracts import CommunityView
from api.domains.communities.domain.roles import Standing, may_read, may_write
from api.domains.communities.errors import CommunityNotFound, MayNotModerate, MayNotWrite
from api.domains.communities.repository import communities

FOR_THE_HOUSE = "communities.moderate"


async def standing(reader: Reader, community_id: UUID, who: Visitor | Principal) -> Standing:
    """What somebody is in a community."""
    is_staff = permits(who.roles, FOR_THE_HOUSE)
    return await communities.standing(reader, community_id, who.customer_id, is_staff=is_staff)


async def door(reader: Reader, slug: str, who: Visitor | Principal) -> tuple[CommunityView, Standing]:
    """A community as far as everybody may know of it: name, description, rules. Raises CommunityNotFound."""
    found = await communities.by_slug(reader, slug)
    if found is None:
        raise CommunityNotFound
    return found, await standing(reader, found.community_id, who)


async def readable(reader: Reader, slug: str, who: Visitor | Principal) -> tuple[CommunityView, Standing]:
    """A community that the person reads. Raises CommunityNotFound also for a private one of others."""
    found, place = await door(reader, slug, who)
    if not may_read(found.visibility, place):
        raise CommunityNotFound
    return found, place


async def moderated(reader: Reader, slug: str, who: Principal) -> tuple[CommunityView, Standing]:
    """A community that the person moderates. Raises CommunityNotFound and MayNotModerate."""
    found, place = await readable(reader, slug, who)
    if not place.leads:
        raise MayNotModerate
    return found, place


async def writable(session: AsyncSession, community_id: UUID, who: Principal) -> tuple[CommunityView, Standing]:
    """A community that the person writes in until this transaction ends: a ban waits, or was there before.

    Raises CommunityNotFound and MayNotWrite.
    """
    await communities.hold_standing(session, community_id, who.customer_id)
    found = await communities.by_id(session, community_id)
    place = await standing(session, community_id, who)
    if found is None or not may_read(found.visibility, place):
        raise CommunityNotFound
    if not may_write(found.visibility, place):
        raise MayNotWrite("You are banned here." if place.role == "banned" else "Only members write here.")
    return found, place
