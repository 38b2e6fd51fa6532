"""What moderators of the house decided of articles, done here."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.content.service import publishing
from api.domains.moderation import facade as moderation


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Bring out, reject or hold again, as it was decided. A decision on words that were changed since does nothing."""
    async for told, made in moderation.to_carry_out(session, events, ("article",)):
        await publishing.follow(session, told.subject_id, told.effect, made.note or made.policy)
