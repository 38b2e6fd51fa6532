"""SQL of what rules refused outright."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

# The same words again are the same refusal: whoever tries them twice at once waits here for the first.
_ADD = text("""
    INSERT INTO moderation.refusals AS r (statement_id, customer_id, kind, digest, rule, rule_version)
    VALUES (:statement_id, :customer_id, :kind, :digest, :rule, :rule_version)
    ON CONFLICT (customer_id, kind, digest, rule, rule_version) DO UPDATE SET refused_at = r.refused_at
    RETURNING new.statement_id, old.statement_id IS NULL AS is_new
""")
_CASE = text("""
    INSERT INTO moderation.cases (case_id, origin, kind, subject_id, author_id, body, url, language, rule, rule_version,
        policy, policy_version, severity, opened_at, due_at, decision_id, decided_at)
    VALUES (:case_id, 'refusal', :kind, :subject_id, :customer_id, :body, '', :language, :rule, :rule_version,
        :policy, :policy_version, :severity, :at, :at, :decision_id, :at)
""")
_CLEAR = text("""
    UPDATE moderation.refusals SET cleared_at = clock_timestamp() WHERE statement_id = :statement_id
""")
_CLEARED = text("""
    SELECT rule FROM moderation.refusals
    WHERE customer_id = :customer_id AND kind = :kind AND digest = :digest AND cleared_at IS NOT NULL
""")
# What an appeal still waits for stays, whatever its age.
_DROP = text("""
    WITH old AS (
        DELETE FROM moderation.refusals r USING moderation.statements s
        WHERE s.statement_id = r.statement_id AND r.refused_at < now() - :age
          AND (s.appealed_at IS NULL OR s.outcome_at IS NOT NULL)
        RETURNING s.statement_id, s.case_id
    ), stated AS (
        UPDATE moderation.statements s SET body = '' FROM old WHERE s.statement_id = old.statement_id
    )
    UPDATE moderation.cases c SET body = '' FROM old
    WHERE c.case_id = old.case_id OR c.statement_id = old.statement_id
""")


async def add(session: AsyncSession, values: dict[str, Any]) -> tuple[UUID, bool]:
    """The statement of a refusal, and whether it is new."""
    row = (await session.execute(_ADD, values)).one()
    return row.statement_id, row.is_new


async def add_case(session: AsyncSession, values: dict[str, Any]) -> None:
    """The case of a refusal, decided as it is opened; what an appeal is made from."""
    await session.execute(_CASE, values)


async def clear(session: AsyncSession, statement_id: UUID) -> None:
    """The rule was wrong about these words."""
    await session.execute(_CLEAR, {"statement_id": statement_id})


async def cleared(reader: Reader, customer_id: UUID, kind: str, digest: bytes) -> set[str]:
    """The rules that were wrong about a person's words."""
    values = {"customer_id": customer_id, "kind": kind, "digest": digest}
    return set((await reader.execute(_CLEARED, values)).scalars())


async def drop(session: AsyncSession, age: timedelta) -> None:
    """Forget the words that were refused longer ago."""
    await session.execute(_DROP, {"age": age})
