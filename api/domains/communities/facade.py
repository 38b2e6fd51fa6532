"""The door of communities for the application, for pages composed of several domains, and the command line."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.domain.trust import Facts, Happening, fold
from api.domains.communities.service import communities, notifications, privacy, trust
from api.domains.communities.service.trust import EVENTS as TRUST_EVENTS
from api.domains.communities.service.trust import meaning

__all__ = [
    "TRUST_EVENTS",
    "Facts",
    "Happening",
    "close",
    "export_person",
    "facts_from",
    "forget_person",
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


async def export_person(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held on a person, by what it is."""
    return await privacy.export(reader, customer_id)


async def forget_person(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take it all away, with the session's other work; rows by what they were. Again it finds nothing."""
    return await privacy.forget(session, customer_id)


async def close() -> None:
    """End every stream of this process, before its connections close."""
    await notifications.HUB.close()
