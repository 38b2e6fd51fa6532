"""What people keep to read again, and what they do not want to see: their own affair, and nobody else is told."""

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.paging import Page
from api.domains.communities.contracts import PostView, Silenced, SilenceKind
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.repository import wanted as repository
from api.domains.communities.service import feeds, people
from api.domains.communities.service import posts as post_service

MOST_SILENCED = 500
MOST_TERMS = 50
SHORTEST_TERM, LONGEST_TERM = 2, 50


async def save(session: AsyncSession, person: Principal, post_id: UUID, is_saved: bool) -> None:
    """Keep a post to read again, or no longer. Raises PostNotFound where one that is to be kept is not for them."""
    if is_saved:
        await post_service.get(session, post_id, person)
    await repository.save(session, person.customer_id, post_id, is_saved)


async def is_saved(reader: Reader, customer_id: UUID, post_id: UUID) -> bool:
    """Whether somebody keeps a post."""
    return await repository.is_saved(reader, customer_id, post_id)


async def saved(reader: Reader, person: Principal, cursor: str | None, limit: int) -> Page[PostView]:
    """What somebody keeps and may still read, the latest first. Raises Invalid for another list's cursor."""
    rows = await repository.saved(reader, person.customer_id, feeds.time_of(cursor, "saved"), limit + 1)
    ids, more = feeds.page_of(rows, limit, "saved")
    return Page(await post_repository.cards(reader, ids, person.customer_id, with_unwanted=True), more)


async def silence(session: AsyncSession, customer_id: UUID, handle: str, kind: SilenceKind | None) -> None:
    """Mute or block somebody; None: hear them again. Raises PersonNotFound, and Invalid for oneself."""
    other = await people.by_handle(session, handle)
    if other.customer_id == customer_id:
        raise Invalid("handle", "is your own")
    await repository.silence(session, customer_id, other.customer_id, kind)


async def silenced(reader: Reader, customer_id: UUID) -> list[Silenced]:
    """Whom somebody silenced, by handle."""
    return await repository.silenced(reader, customer_id, MOST_SILENCED)


async def kind_of(reader: Reader, customer_id: UUID, other_id: UUID) -> SilenceKind | None:
    """How somebody silenced another one, if they did."""
    return await repository.kind(reader, customer_id, other_id)


async def terms(reader: Reader, customer_id: UUID) -> list[str]:
    """Words that somebody does not want to read in titles."""
    return await repository.terms(reader, customer_id)


async def choose_terms(session: AsyncSession, customer_id: UUID, typed: Iterable[str]) -> list[str]:
    """Other words, each as letters and digits with single spaces. Raises Invalid."""
    wanted = {" ".join(re.findall(r"[^\W_]+", each.lower())) for each in typed} - {""}
    if len(wanted) > MOST_TERMS:
        raise Invalid("terms", f"takes {MOST_TERMS} words at most")
    if wrong := [each for each in wanted if not SHORTEST_TERM <= len(each) <= LONGEST_TERM]:
        raise Invalid("terms", f"takes words of {SHORTEST_TERM} to {LONGEST_TERM} letters; “{wrong[0]}” is none")
    await repository.set_terms(session, customer_id, sorted(wanted))
    return await repository.terms(session, customer_id)
