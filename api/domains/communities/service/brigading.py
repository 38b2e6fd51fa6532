"""Votes that look agreed on: told to moderators as a case, and nothing else follows by itself."""

from datetime import UTC, datetime
from itertools import combinations
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.communities.domain.brigading import MOST_VOTERS, SHARED, TOGETHER, WITHIN, Group, groups
from api.domains.communities.repository import people, votes
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject

POLICY = "Vote honestly"
FIND = "communities.find_brigades"
SHOWN = 20
_GROUPS = UUID("5f0c1f4e-6f0e-4c53-9a39-51f1a2a2a7d4")  # the namespace of ids that are made of a group's members


async def find_brigades() -> None:
    """Open a case for each group of accounts that voted alike in the last day; the same group has one case."""
    async with transaction() as session:
        await look(session, datetime.now(UTC))


async def look(session: AsyncSession, now: datetime) -> int:
    """The same within a transaction, as of a time; how many groups there are."""
    since = now - WITHIN
    pairs = await votes.pairs(session, since, TOGETHER, SHARED, MOST_VOTERS)
    counts = await votes.counts(session, since, {each for pair in pairs for each in (pair.one, pair.other)})
    found = groups(pairs, counts)
    for group in found:
        await moderation.signal(session, await _subject(session, group), POLICY)
    return len(found)


async def _subject(session: AsyncSession, group: Group) -> Subject:
    handles = await people.handles(session, group.people)
    names = [handles.get(each, "somebody") for each in group.people]
    lines = [f"{', '.join(names)} gave the same votes within minutes of each other on:"]
    lines += [f"/forum/{kind}s/{thing}" for kind, thing in await votes.kinds(session, group.things[:SHOWN])]
    if len(group.things) > SHOWN:
        lines.append(f"and {len(group.things) - SHOWN} more")
    linked = [
        f"{handles.get(one, 'somebody')} and {handles.get(other, 'somebody')}"
        for one, other in combinations(group.people[:SHOWN], 2)
        if other in await moderation.linked(session, one)
    ]
    if linked:
        lines.append(f"The same browser, mailbox or address at home: {'; '.join(linked)}.")
    return Subject(
        kind="votes",
        subject_id=uuid5(_GROUPS, " ".join(map(str, group.people))),
        author_id=None,
        url=f"/forum/u/{names[0]}" if names[0] != "somebody" else "/forum",
        title=f"{len(group.people)} accounts voted alike {len(group.things)} times",
        body="\n".join(lines),
        people=group.people,
    )
