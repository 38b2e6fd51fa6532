"""The audit log: who did what to what, for every privileged act, in the transaction of the act itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.trace import current_trace_id

_INSERT = text(
    "INSERT INTO core.audit_log (actor_id, action, subject, details, trace_id)"
    " VALUES (:actor_id, :action, :subject, CAST(:details AS jsonb), :trace_id)"
)
_READ = text(
    "SELECT entry_id, actor_id, action, subject, details, trace_id, acted_at FROM core.audit_log"
    " WHERE (CAST(:actor_id AS uuid) IS NULL OR actor_id = CAST(:actor_id AS uuid))"
    " AND (CAST(:subject AS text) IS NULL OR subject = CAST(:subject AS text))"
    " AND (CAST(:before AS bigint) IS NULL OR entry_id < CAST(:before AS bigint)) ORDER BY entry_id DESC LIMIT :limit"
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


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the log."""

    entry_id: int
    actor_id: UUID | None
    action: str
    subject: str
    details: dict[str, Any]
    trace_id: str | None
    acted_at: datetime


async def read_acts(
    reader: Reader, actor_id: UUID | None = None, subject: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Act]:
    """The newest acts first; of one actor, or done to one subject (`order:<id>`), where these are given."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    values = {"actor_id": actor_id, "subject": subject, "before": before, "limit": limit + 1}
    rows: Any = await reader.execute(_READ, values)
    acts = [Act(**row) for row in rows.mappings()]
    more = acts[limit - 1].entry_id if len(acts) > limit else None
    return Page(acts[:limit], encode_cursor(more) if more is not None else None)
