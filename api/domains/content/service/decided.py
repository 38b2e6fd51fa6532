"""What moderators of the house decided of articles, done here."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.content.service import publishing
from api.domains.moderation import facade as moderation
from ingestion.contracts.moderation import CaseDecided, DecisionUndone


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Bring out, reject or hold again, as it was decided. A decision on words that were changed since does nothing."""
    for event in events:
        told = event.data
        if not isinstance(told, CaseDecided | DecisionUndone) or told.is_done or told.kind != "article":
            continue
        if isinstance(told, CaseDecided) and await moderation.is_held(session, told.kind, told.subject_id):
            continue
        made = await moderation.decision_of(session, told.decision_id)
        if made is not None:
            await publishing.follow(session, told.subject_id, told.effect, made.note or made.policy)
