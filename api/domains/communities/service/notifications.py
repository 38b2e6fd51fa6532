"""What people are told: answers, mentions, acts of moderators; in the page at once, and by digest what stays unread."""

from collections.abc import Collection
from typing import cast, get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader, reading, transaction
from api.core.errors import Invalid
from api.core.live import Hub
from api.core.mail import send_mail
from api.core.markdown import mentions
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.settings import get_settings
from api.domains.communities.contracts import Digest, Notification, NotificationChoices, NotificationKind
from api.domains.communities.domain.telling import sentence
from api.domains.communities.errors import NotificationNotFound
from api.domains.communities.repository import notifications as repository
from api.domains.identity import facade as identity

KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
DIGESTS: tuple[Digest, ...] = get_args(Digest)
MOST_COUNTED = 100  # whoever has more knows that it is many
IN_A_DIGEST = 20
PEOPLE_AT_ONCE = 500
KEPT = "180 days"
SEND_DIGESTS, FORGET = "communities.send_digests", "communities.forget_notifications"


async def _unread_of(reader: Reader, customer_ids: list[UUID]) -> dict[UUID, int]:
    return await repository.unread_of_many(reader, customer_ids, MOST_COUNTED)


HUB: Hub[UUID, int] = Hub("communities_notifications", UUID, _unread_of, 0, look_seconds=20.0)


async def tell_of(session: AsyncSession, post_id: UUID | None = None, comment_id: UUID | None = None) -> None:
    """A post, or a comment, can be read: whom it answers and mentions is told, each once, however often it changes."""
    said = await repository.words(session, post_id, comment_id)
    handles = mentions(said.body)
    if said.answered_id is None and not handles:
        return
    ids = {"post_id": said.post_id, "comment_id": comment_id, "actor_id": said.author_id}
    await repository.tell(session, ids | {"answered_id": said.answered_id, "handles": handles})


async def tell_act(
    session: AsyncSession, community_id: UUID, actor_id: UUID, act: str, kind: str, subject_id: UUID, reason: str
) -> None:
    """A moderator acted on a person, or on somebody's post or comment: they are told, unless it was they themselves."""
    ids = {"community_id": community_id, "actor_id": actor_id, "kind": kind, "subject_id": subject_id}
    await repository.tell_act(session, ids | {"act": act, "reason": reason})


async def of_person(reader: Reader, customer_id: UUID, cursor: str | None, limit: int) -> Page[Notification]:
    """What a person was told, the newest first. Raises Invalid for another list's cursor."""
    try:
        last = UUID(decode_cursor(cursor, str)[0]) if cursor else None
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None
    rows = await repository.of_person(reader, customer_id, last, limit + 1)
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].notification_id)) if more else None)


async def get(reader: Reader, customer_id: UUID, notification_id: UUID) -> Notification:
    """One of a person's. Raises NotificationNotFound."""
    found = await repository.find(reader, customer_id, notification_id)
    if found is None:
        raise NotificationNotFound
    return found


async def unread(reader: Reader, customer_id: UUID) -> int:
    """How many a person has not read, counted up to `MOST_COUNTED`."""
    return await repository.unread(reader, customer_id, MOST_COUNTED)


async def mark(session: AsyncSession, customer_id: UUID, notification_id: UUID, is_read: bool) -> None:
    """Read, or unread again. Raises NotificationNotFound."""
    if not await repository.mark(session, customer_id, notification_id, is_read):
        raise NotificationNotFound


async def mark_up_to(session: AsyncSession, customer_id: UUID, last: UUID) -> None:
    """Read, this one and all before it; what comes meanwhile stays unread."""
    await repository.mark_up_to(session, customer_id, last)


async def choices(reader: Reader, customer_id: UUID) -> NotificationChoices:
    """What a person wants to be told."""
    return await repository.choices(reader, customer_id)


async def choose(session: AsyncSession, customer_id: UUID, wanted: Collection[str], digest: str) -> NotificationChoices:
    """Be told these kinds from now on, and mailed so often. Raises Invalid."""
    if unknown := set(wanted) - set(KINDS):
        raise Invalid("wanted", f"has no such kind: {', '.join(sorted(unknown))}")
    if digest not in DIGESTS:
        raise Invalid("digest", f"is one of {', '.join(DIGESTS)}")
    declined = [kind for kind in KINDS if kind not in wanted]
    await repository.choose(session, customer_id, declined, cast("Digest", digest))
    return await repository.choices(session, customer_id)


async def send_digests() -> None:
    """Mail everybody who is due; each notification goes into one mail at most, whatever crashes or runs beside."""
    while True:
        async with reading() as reader:
            people = await repository.due(reader, PEOPLE_AT_ONCE)
        for customer_id in people:
            async with transaction() as session:
                await _send_digest(session, customer_id)
        if len(people) < PEOPLE_AT_ONCE:
            return


async def _send_digest(session: AsyncSession, customer_id: UUID) -> None:
    told = await repository.take(session, customer_id)
    address = await identity.verified_email(session, customer_id)
    if told and address is not None:
        subject = "1 thing you have not read" if len(told) == 1 else f"{len(told)} things you have not read"
        await send_mail(session, address, f"{subject} in the forum", _text(told))


def _text(told: list[Notification]) -> str:
    here = get_settings().api_url.rstrip("/")
    lines = [
        f"{sentence(each)}{f': {each.reason}' if each.reason else ''}\n{here}/notifications/{each.notification_id}\n"
        for each in told[:IN_A_DIGEST]
    ]
    rest = [f"And {len(told) - IN_A_DIGEST} more: {here}/notifications\n"] if len(told) > IN_A_DIGEST else []
    return "\n".join([*lines, *rest, f"How often this mail comes, or never: {here}/notifications/preferences", ""])


async def forget_old() -> None:
    """Nobody comes back to what they were told half a year ago."""
    async with transaction() as session:
        await repository.forget(session, KEPT)
