"""Statements that delete dead sign-ins and codes."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_SESSIONS = text("""
    WITH dead AS (
        SELECT session_id FROM identity.sessions WHERE expires_at < now() - interval '7 days'
        LIMIT :batch FOR UPDATE SKIP LOCKED
    ),
    tokens AS (DELETE FROM identity.refresh_tokens WHERE session_id IN (SELECT session_id FROM dead))
    DELETE FROM identity.sessions WHERE session_id IN (SELECT session_id FROM dead)
""")
_CODES = text("DELETE FROM identity.codes WHERE expires_at < now() - interval '1 day'")
_CHALLENGES = text("DELETE FROM identity.challenges WHERE expires_at < now() - interval '1 day'")


async def delete_sessions(session: AsyncSession, batch: int) -> int:
    """Sessions that ended more than a week ago, with their refresh tokens; how many."""
    done: Any = await session.execute(_SESSIONS, {"batch": batch})
    return int(done.rowcount)


async def delete_codes(session: AsyncSession) -> int:
    """One-time codes and challenges that ended more than a day ago; how many."""
    codes: Any = await session.execute(_CODES)
    challenges: Any = await session.execute(_CHALLENGES)
    return int(codes.rowcount + challenges.rowcount)
