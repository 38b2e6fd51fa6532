"""What was decided, for whoever owns the words."""

from collections.abc import AsyncIterator, Container, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.moderation.contracts.cases import Decision
from api.domains.moderation.repository import cases as repository
from api.domains.moderation.service.cases import is_held
from ingestion.contracts.moderation import CaseDecided, DecisionUndone


async def to_carry_out(
    session: AsyncSession, events: Sequence[ReceivedEvent], kinds: Container[str]
) -> AsyncIterator[tuple[CaseDecided | DecisionUndone, Decision]]:
    """Of these events those about things of these kinds that nobody has acted upon, each with its decision.

    A decision on words that were changed since is none of them: their new words wait for one of their own.
    """
    for event in events:
        told = event.data
        if not isinstance(told, CaseDecided | DecisionUndone) or told.is_done or told.kind not in kinds:
            continue
        if isinstance(told, CaseDecided) and await is_held(session, told.kind, told.subject_id):
            continue
        made = await repository.decision(session, told.decision_id)
        if made is not None:
            yield told, made
