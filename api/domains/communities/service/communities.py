"""Communities: founded, described, joined and left."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.core.errors import Conflict, Invalid
from api.core.markdown import to_html
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.texts import fitting
from api.domains.communities.contracts import CommunityView, Member, Role, Visibility
from api.domains.communities.domain.ranks import has_moved
from api.domains.communities.domain.roles import BELONGING, role_on_joining
from api.domains.communities.errors import (
    CommunityNotFound,
    MayNotModerate,
    MayNotWrite,
    OwnerStays,
    Refused,
    SlugTaken,
)
from api.domains.communities.repository import communities as repository
from api.domains.communities.service import access, people
from api.domains.communities.service.naming import fitting_name, naming
from api.domains.moderation import facade as moderation
from ingestion.contracts import new_event_id
from ingestion.contracts.communities import CommunityFounded, MemberJoined, MemberLeft

RESERVED = frozenset({"new", "all", "popular", "joined"})
LONGEST_DESCRIPTION, LONGEST_RULES = 500, 10_000
VISIBILITIES: Mapping[str, Visibility] = {"public": "public", "restricted": "restricted", "private": "private"}
MEMBERS_SHOWN = 200


async def found(
    session: AsyncSession,
    person: Principal,
    slug: str,
    name: str,
    description: str = "",
    rules: str = "",
    visibility: str = "public",
) -> CommunityView:
    """A new community, owned by whoever founds it. Raises Invalid, SlugTaken and Refused."""
    slug, name = naming(slug, name, RESERVED)
    words = await _words(session, person, name, description, rules, visibility)
    await people.ensure(session, person.customer_id)
    community_id = new_event_id()
    made = await repository.add(session, words | {"community_id": community_id, "slug": slug})
    if made is None:
        raise SlugTaken
    await publish(
        session,
        CommunityFounded(
            community_id=community_id, slug=slug, visibility=made.visibility, customer_id=person.customer_id
        ),
    )
    await set_role(session, community_id, person.customer_id, None, "owner", appointed_at=datetime.now(UTC))
    return await _fresh(session, community_id)


async def change(
    session: AsyncSession, person: Principal, slug: str, name: str, description: str, rules: str, visibility: str
) -> CommunityView:
    """Describe it anew. A private community stays private, and no other becomes one.

    Raises CommunityNotFound, MayNotModerate, Invalid and Refused.
    """
    was, place = await access.moderated(session, slug, person)
    if place.role != "owner":
        raise MayNotModerate("The owner describes a community.")
    if visibility != was.visibility and "private" in (visibility, was.visibility):
        raise Invalid("visibility", "cannot become or stop being private: what was said was said among those there")
    words = await _words(session, person, name, description, rules, visibility)
    await repository.change(session, words | {"community_id": was.community_id})
    return await _fresh(session, was.community_id)


async def _words(
    session: AsyncSession, person: Principal, name: str, description: str, rules: str, visibility: str
) -> dict[str, str]:
    if visibility not in VISIBILITIES:
        raise Invalid("visibility", f"is one of {', '.join(VISIBILITIES)}")
    words = {
        "name": fitting_name(name),
        "description": fitting("description", description, LONGEST_DESCRIPTION),
        "rules": fitting("rules", rules, LONGEST_RULES),
    }
    joined = "\n".join(words.values())
    # Nobody looks at these first, so what would wait is refused.
    verdict = await moderation.judge(session, joined, "community", person.customer_id, may_link=True, can_wait=False)
    if verdict.outcome != "allow":
        raise Refused("The words do not pass the rules of the house.", rule=verdict.rule)
    return words | {"rules_html": to_html(words["rules"]), "visibility": visibility}


async def _fresh(session: AsyncSession, community_id: UUID) -> CommunityView:
    now = await repository.by_id(session, community_id)
    if now is None:
        raise CommunityNotFound
    return now


async def join(session: AsyncSession, person: Principal, slug: str) -> Role:
    """Belong to a community, or wait to be let in; the same again changes nothing.

    Raises CommunityNotFound, and MayNotWrite for whoever is banned.
    """
    community, _ = await access.door(session, slug, person)
    await repository.seize_standing(session, community.community_id, person.customer_id)
    place = await access.standing(session, community.community_id, person)
    if place.role == "banned":
        raise MayNotWrite("You are banned here.")
    if place.role is not None:
        return place.role
    await people.ensure(session, person.customer_id)
    role = role_on_joining(community.visibility)
    await set_role(session, community.community_id, person.customer_id, None, role)
    return role


async def leave(session: AsyncSession, person: Principal, slug: str) -> None:
    """Belong to it no longer, or take back that one asked. Raises CommunityNotFound and OwnerStays."""
    community, _ = await access.door(session, slug, person)
    await repository.seize_standing(session, community.community_id, person.customer_id)
    place = await access.standing(session, community.community_id, person)
    if place.role == "owner":
        raise OwnerStays
    if place.role in BELONGING or place.role == "waiting":
        await set_role(session, community.community_id, person.customer_id, place.role, None)


async def set_role(
    session: AsyncSession,
    community_id: UUID,
    customer_id: UUID,
    was: Role | None,
    role: Role | None,
    appointed_at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Change what somebody is in a community, and all that follows: the count, scaled ranks, events."""
    await repository.set_role(session, community_id, customer_id, role, appointed_at, reason)
    by = (role in BELONGING) - (was in BELONGING)
    if by > 0:
        await publish(session, MemberJoined(community_id=community_id, customer_id=customer_id))
    elif by < 0:
        is_banned = role == "banned"
        await publish(session, MemberLeft(community_id=community_id, customer_id=customer_id, is_banned=is_banned))
    if by:
        members, scaled_size = await repository.count(session, community_id, by)
        if has_moved(scaled_size, members):
            await repository.rescale(session, community_id)


async def largest(reader: Reader, cursor: str | None, limit: int) -> Page[CommunityView]:
    """Communities that are not private, the largest first. Raises Invalid for another list's cursor."""
    members, last = decode_cursor(cursor, int, str) if cursor else (None, None)
    try:
        rows = await repository.largest(reader, members, UUID(last) if last else None, limit + 1)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, encode_cursor(shown[-1].members, str(shown[-1].community_id)) if more else None)


async def joined(reader: Reader, customer_id: UUID) -> list[CommunityView]:
    """Those that a person belongs to."""
    return await repository.joined(reader, customer_id)


async def leaders(reader: Reader, community_id: UUID) -> list[Member]:
    """Owner and moderators, the longest appointed first: in this order they outrank one another."""
    return await repository.members(reader, community_id, ["owner", "moderator"], MEMBERS_SHOWN)


async def hand_over(session: AsyncSession, person: Principal, slug: str, handle: str) -> None:
    """Make a moderator the owner, and oneself the first moderator. Raises MayNotModerate, PersonNotFound, Conflict."""
    community, place = await access.moderated(session, slug, person)
    if place.role != "owner":
        raise MayNotModerate("The owner hands a community over.")
    heir = await people.by_handle(session, handle)
    for customer_id in sorted((person.customer_id, heir.customer_id)):
        await repository.seize_standing(session, community.community_id, customer_id)
    now = await repository.standing(session, community.community_id, heir.customer_id, is_staff=False)
    mine = await access.standing(session, community.community_id, person)
    if now.role != "moderator" or mine.role != "owner":
        raise Conflict("A community is handed over to one of its moderators.")
    ids = (session, community.community_id)
    await set_role(*ids, person.customer_id, "owner", "moderator", mine.appointed_at)
    await set_role(*ids, heir.customer_id, "moderator", "owner", now.appointed_at)


async def open_names(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Community → (slug, name), for those of these that are not private."""
    return await repository.open_names(reader, ids)
