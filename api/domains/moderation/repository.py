"""SQL of moderation."""

from typing import Any

from sqlalchemy import text

from api.core.db import Reader

BLOCKED = text("SELECT term FROM moderation.blocked_terms")


async def blocked_terms(reader: Reader) -> list[str]:
    """Words that a text may not have without being looked at first."""
    rows: Any = await reader.execute(BLOCKED)
    return list(rows.scalars())
