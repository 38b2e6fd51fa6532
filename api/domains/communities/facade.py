"""The door of communities for the application, for pages composed of several domains, and the command line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import CommunityView, FeedCandidate, PastComment, PastPost, PastVote, PostView
from api.domains.communities.domain.trust import Facts, Happening, fold
from api.domains.communities.service import communities, feeds, notifications, past, privacy, trust
from api.domains.communities.service.trust import EVENTS as TRUST_EVENTS
from api.domains.communities.service.trust import meaning

__all__ = [
    "TRUST_EVENTS",
    "Facts",
    "Happening",
    "beside_a_feed",
    "cards",
    "close",
    "export_person",
    "facts_from",
    "feed_candidates",
    "forget_person",
    "import_comments",
    "import_communities",
    "import_posts",
    "import_votes",
    "known_facts",
    "meaning",
    "open_names",
    "rebuild_trust",
    "unread",
]


async def unread(reader: Reader, customer_id: UUID) -> int:
    """How many notifications a person has not read; 100 stands for that many or more."""
    return await notifications.unread(reader, customer_id)


async def rebuild_trust(session: AsyncSession, news: Iterable[Happening]) -> None:
    """Forget how far people are trusted, and make it anew from all that happened, in whatever order it comes."""
    await trust.rebuild(session, news)


async def known_facts(reader: Reader) -> dict[UUID, Facts]:
    """What counts for the trust in each person, as it is kept."""
    return await trust.everybody(reader)


def facts_from(news: Iterable[Happening]) -> dict[UUID, Facts]:
    """The same from all that happened, by a rule of its own."""
    return fold(news)


async def open_names(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Community → its slug and name, for those of these that are not private."""
    return await communities.open_names(reader, ids)


async def feed_candidates(
    reader: Reader, viewer: UUID, since: datetime | None, k: int, without: Sequence[UUID] = (), *, is_personal: bool
) -> list[FeedCandidate]:
    """Posts that somebody may read and did not vote on, up to `k` of each source, each source's best first.

    What they did counts from `since` on; not `is_personal`: what is popular with everybody. None of `without`, and
    nothing that follows from these.
    """
    return await feeds.candidates_for(reader, viewer, since, k, without, is_personal=is_personal)


async def cards(reader: Reader, ids: Sequence[UUID], viewer: UUID | None) -> list[PostView]:
    """These posts in this order, without those that the viewer may not read now or does not want to see."""
    return await feeds.cards(reader, ids, viewer)


async def beside_a_feed(reader: Reader, viewer: UUID, limit: int) -> tuple[list[CommunityView], list[CommunityView]]:
    """The communities of somebody, and the largest ones."""
    return await communities.joined(reader, viewer), (await communities.largest(reader, None, limit)).items


async def export_person(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held on a person, by what it is."""
    return await privacy.export(reader, customer_id)


async def forget_person(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take it all away, with the session's other work; rows by what they were. Again it finds nothing."""
    return await privacy.forget(session, customer_id)


async def import_communities(session: AsyncSession, names: dict[str, tuple[UUID, str]], owner_id: UUID) -> int:
    """Communities by slug, with id and name, owned by an account from elsewhere; those there are left alone."""
    return await past.import_communities(session, names, owner_id)


async def import_posts(session: AsyncSession, rows: Sequence[PastPost]) -> int:
    """Past posts in bulk, with an event each; those there are left alone. Returns how many were new."""
    return await past.import_posts(session, rows)


async def import_comments(session: AsyncSession, rows: Sequence[PastComment]) -> int:
    """Past comments in bulk, parents first, with an event each; counters follow. Returns how many were new."""
    return await past.import_comments(session, rows)


async def import_votes(session: AsyncSession, rows: Sequence[PastVote]) -> int:
    """Past votes in bulk, with an event each; counters follow. One that is there stays. Returns how many were new."""
    return await past.import_votes(session, rows)


async def close() -> None:
    """End every stream of this process, before its connections close."""
    await notifications.HUB.close()
