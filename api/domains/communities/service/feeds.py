"""Lists of posts: ranked ones by editions, so that turning pages neither repeats nor skips while people vote.

A rank falls by itself as time goes, and only a vote or a comment lifts it; so a stored rank is never less than that of
this moment. An edition is made from the first posts by their stored ranks, ranked anew, once no other post could stand
among them; those that fell are put down on the way. Nobody ever ranks everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal, NamedTuple
from uuid import UUID

from api.core.auth import Principal, Visitor
from api.core.db import Reader, transaction
from api.core.errors import Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.communities.contracts import FeedCandidate, FeedSource, PostView
from api.domains.communities.domain.ranks import ZERO_AFTER, certain
from api.domains.communities.repository import candidates
from api.domains.communities.repository import feeds as repository
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.repository.feeds import Scope
from ingestion.contracts import new_event_id

Sort = Literal["hot", "active", "scaled", "new", "top", "controversial"]
Window = Literal["day", "week", "month", "year", "all"]

WINDOWS: dict[Window, timedelta | None] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
    "all": None,
}
LONGEST_LIST = 500  # posts of an edition
FRESH = "15 seconds"
KEPT = "3 hours"
SWEPT = 1000


@dataclass(frozen=True, slots=True)
class Feed:
    """Which posts in which order; `communities` None: all that are not private."""

    communities: tuple[UUID, ...] | None
    sort: Sort
    window: Window = "all"

    @property
    def scope(self) -> Scope:
        """How the repository calls it."""
        return "open" if self.communities is None else "some"

    @property
    def name(self) -> str:
        """The same for the same list; that of a person's communities is theirs alone unless others joined the same."""
        ids = "open" if self.communities is None else ",".join(sorted(map(str, self.communities)))
        return f"{self.sort}:{self.window}:{blake2b(ids.encode(), digest_size=16).hexdigest()}"


async def read(
    reader: Reader, feed: Feed, who: Visitor | Principal, cursor: str | None = None, limit: int = 20
) -> Page[PostView]:
    """Posts of a feed that the person may read, and the cursor of the next ones. Raises Invalid for other cursors."""
    if feed.communities == ():
        return Page([])
    if feed.sort == "new":
        ids, more = await _by_time(reader, feed, cursor, limit)
    else:
        ids, more = await _ranked(reader, feed, cursor, limit)
    return Page(await post_repository.cards(reader, ids, who.customer_id), more)


async def candidates_for(
    reader: Reader, viewer: UUID, since: datetime | None, k: int, without: Sequence[UUID] = (), *, is_personal: bool
) -> list[FeedCandidate]:
    """Posts that may be meant for somebody, up to `k` of each source; else those that are popular with everybody."""
    sources: tuple[FeedSource, ...] = (*candidates.OF_THEIR_ACTS, "popular") if is_personal else ("popular",)
    return await candidates.find(reader, sources, viewer, since, k, without)


async def cards(reader: Reader, ids: Sequence[UUID], viewer: UUID | None) -> list[PostView]:
    """These posts in this order, without those that the viewer may not read or does not want to see."""
    return await post_repository.cards(reader, ids, viewer)


async def search(
    reader: Reader, query: str, community_id: UUID | None, who: Visitor | Principal, cursor: str | None, limit: int
) -> Page[PostView]:
    """Posts with these words, the newest first."""
    rows = await repository.search(reader, query, community_id, who.customer_id, time_of(cursor, "found"), limit + 1)
    ids, more = page_of(rows, limit, "found")
    return Page(await post_repository.cards(reader, ids, who.customer_id), more)


async def _by_time(reader: Reader, feed: Feed, cursor: str | None, limit: int) -> tuple[list[UUID], str | None]:
    after = time_of(cursor, feed.name)
    rows = await repository.newest(reader, feed.scope, feed.communities or (), after, None, limit + 1)
    return page_of(rows, limit, feed.name)


def page_of(rows: Sequence[tuple[UUID, datetime]], limit: int, name: str) -> tuple[list[UUID], str | None]:
    """The first `limit` posts of a list by time, and the cursor of the next ones."""
    ids = [post_id for post_id, _ in rows[:limit]]
    if len(rows) <= limit:
        return ids, None
    last, at = rows[limit - 1]
    return ids, encode_cursor(name, at.isoformat(), str(last))


def time_of(cursor: str | None, name: str) -> tuple[str, UUID] | None:
    """After which post a list by time goes on. Raises Invalid for another list's cursor."""
    if not cursor:
        return None
    its_name, at, last = decode_cursor(cursor, str, str, str)
    try:
        if its_name != name:
            raise ValueError
        return datetime.fromisoformat(at).isoformat(), UUID(last)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


class _OnePage(NamedTuple):
    """What stands for an edition where all that has a rank is shown at once."""

    ids: Sequence[UUID]
    size: int
    made_at: datetime


async def _ranked(reader: Reader, feed: Feed, cursor: str | None, limit: int) -> tuple[list[UUID], str | None]:
    """A page of an edition; after its end, where only posts without a rank are left, these by time."""
    if cursor and (place := _tail(cursor, feed)) is not None:
        return await _unranked(reader, feed, *place, limit)
    start = 0
    if cursor:
        name, edition_id, start = decode_cursor(cursor, str, str, int)
        try:
            if name != feed.name or not 0 < start <= LONGEST_LIST:
                raise ValueError
            found: Any = await repository.open_edition(reader, feed.name, UUID(edition_id), start, start + limit)
        except ValueError:
            raise Invalid("cursor", "is not a cursor of this list") from None
        if found is None:
            raise Invalid("cursor", "is of a list that is no longer kept; begin again")
    else:
        found = await repository.fresh_edition(reader, feed.name, FRESH, limit)
        if found is None or found.size < limit:
            ids = await _rank(reader, feed)
            if len(ids) < limit:  # all on one page: nothing is kept, and what was just said is there
                found = _OnePage(ids, len(ids), datetime.now(UTC))
            else:
                found = await repository.print_edition(reader, feed.name, new_event_id(), ids, limit)
    shown = list(found.ids or ())
    end = start + len(shown)
    if end < found.size:
        return shown, encode_cursor(feed.name, str(found.edition_id), end)
    if found.size < LONGEST_LIST and feed.sort in ("hot", "active", "scaled"):
        rest, more = await _unranked(reader, feed, found.made_at, None, limit - len(shown) or limit)
        if len(shown) < limit:
            return shown + rest, more
        return shown, encode_cursor(feed.name, found.made_at.isoformat(), "", "") if rest else None
    return shown, None


async def _rank(reader: Reader, feed: Feed) -> list[UUID]:
    """The best posts of this moment, exactly."""
    named = feed.communities or ()
    if feed.sort in ("top", "controversial"):
        window = WINDOWS[feed.window]
        since = None if window is None else datetime.now(UTC) - window
        rank: repository.Fixed = "top" if feed.sort == "top" else "controversial"
        return await repository.fixed(reader, feed.scope, named, rank, since, LONGEST_LIST)
    decaying: repository.Decaying = "active" if feed.sort == "active" else "scaled" if feed.sort == "scaled" else "hot"
    k = LONGEST_LIST + LONGEST_LIST // 5
    while True:
        rows = await repository.candidates(reader, feed.scope, named, decaying, k)
        ids, is_certain = certain(rows, LONGEST_LIST, is_all=len(rows) < k)
        if is_certain:
            return ids
        await repository.refresh(reader, [post_id for post_id, stored, now in rows if now < stored])
        k *= 2


async def _unranked(
    reader: Reader, feed: Feed, made_at: datetime, after: tuple[str, UUID] | None, limit: int
) -> tuple[list[UUID], str | None]:
    """Posts whose week was over when the edition was made; votes lift none of them."""
    over = made_at - ZERO_AFTER
    begin = after or (over.isoformat(), UUID(int=2**128 - 1))
    rows = await repository.newest(reader, feed.scope, feed.communities or (), begin, _quiet(feed, over), limit + 1)
    ids = [post_id for post_id, _ in rows[:limit]]
    if len(rows) <= limit:
        return ids, None
    last, at = rows[limit - 1]
    return ids, encode_cursor(feed.name, made_at.isoformat(), at.isoformat(), str(last))


def _quiet(feed: Feed, over: datetime) -> datetime | None:
    return over if feed.sort == "active" else None


def _tail(cursor: str, feed: Feed) -> tuple[datetime, tuple[str, UUID] | None] | None:
    """The place after an edition's end; None for a place in an edition. Raises Invalid."""
    try:
        name, made_at, at, last = decode_cursor(cursor, str, str, str, str)
    except Invalid:
        return None
    try:
        if name != feed.name:
            raise ValueError
        made = datetime.fromisoformat(made_at)
        return made, (datetime.fromisoformat(at).isoformat(), UUID(last)) if last else None
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


async def sweep() -> int:
    """Forget old editions, and the ranks of posts whose week is over: some at a time, for whoever runs it again."""
    async with transaction() as session:
        await repository.purge_editions(session, KEPT)
        ids = await repository.ended(session, SWEPT)
        if ids:
            await repository.refresh(session, ids)
        return len(ids)
