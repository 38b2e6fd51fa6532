"""The inbox: an event is handled once by each handler, however often it is delivered."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ingestion.contracts import Event

_INSERT = text(
    "INSERT INTO core.inbox (handler, event_id) SELECT :handler, unnest(CAST(:event_ids AS uuid[]))"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event of another domain as a handler gets it: `data` is the contract's model."""

    event_id: UUID
    occurred_at: datetime
    data: Event

    @classmethod
    def from_wire(cls, event_id: str, time: str, data: Event) -> "ReceivedEvent":
        """From an envelope's texts. Raises ValueError when they are no UUID or no time with an offset."""
        occurred_at = datetime.fromisoformat(time)
        if occurred_at.tzinfo is None:
            raise ValueError("time has no offset")
        return cls(UUID(event_id), occurred_at, data)


Handler = Callable[[AsyncSession, list[ReceivedEvent]], Awaitable[None]]


async def unseen(session: AsyncSession, handler: str, event_ids: Iterable[UUID]) -> set[UUID]:
    """Mark `event_ids` as handled by `handler` in this transaction; returns those that were not before."""
    result = await session.execute(_INSERT, {"handler": handler, "event_ids": list(event_ids)})
    return set(result.scalars())
