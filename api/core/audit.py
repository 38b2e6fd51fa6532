"""The audit log: who did what to what, for every privileged act, in the transaction of the act itself."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.trace import current_trace_id

_INSERT = text(
    "INSERT INTO core.audit_log (actor_id, action, subject, details, trace_id)"
    " VALUES (:actor_id, :action, :subject, CAST(:details AS jsonb), :trace_id)"
)


async def record_act(session: AsyncSession, actor_id: UUID | None, action: str, subject: str, **details: Any) -> None:
    """Note that `actor_id` (None: the house itself) did `action` (`orders.refund`) to `subject` (`order:<id>`)."""
    values = {
        "actor_id": actor_id,
        "action": action,
        "subject": subject,
        "details": orjson.dumps(details, default=str).decode(),
        "trace_id": current_trace_id(),
    }
    await session.execute(_INSERT, values)
