"""What moderators of the house decided of articles, done here."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.content.repository import articles as repository
from api.domains.content.service import publishing
from api.domains.moderation import facade as moderation
from ingestion.contracts.moderation import CaseDecided


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Bring out, reject or hold again, as it was decided. A decision on words that were changed since does nothing."""
    async for told, made in moderation.to_carry_out(session, events, ("article",)):
        # Readers report what they read: where a case with reports falls, that does, whatever waits beside it.
        is_reported = isinstance(told, CaseDecided) and told.reports > 0 and told.effect == "fall"
        is_about_live = is_reported and await repository.is_live(session, told.subject_id)
        why = made.note or made.policy
        await publishing.follow(session, told.subject_id, told.effect, why, is_about_live=is_about_live)
