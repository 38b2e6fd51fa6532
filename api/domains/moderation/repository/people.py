"""SQL about people: what weighs on them, what they were told, which accounts may be one person's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.moderation.contracts.cases import Statement
from api.domains.moderation.domain.sanctions import Sanction

_STATEMENT = ", ".join(Statement.__dataclass_fields__)
_SANCTIONS = text("""
    SELECT strike, given_at, restricted_until FROM moderation.sanctions
    WHERE customer_id = :customer_id AND voided_at IS NULL
      AND (given_at > now() - interval '90 days' OR restricted_until > now())
""")
_SANCTION = text("""
    INSERT INTO moderation.sanctions (decision_id, customer_id, strike, restricted_until)
    VALUES (:decision_id, :customer_id, :strike, :restricted_until)
""")
_VOID = (
    text("UPDATE moderation.sanctions SET voided_at = clock_timestamp() WHERE decision_id = :decision_id"),
    text("UPDATE moderation.statements SET voided_at = clock_timestamp() WHERE decision_id = :decision_id"),
)
_STATE = text("""
    INSERT INTO moderation.statements (statement_id, case_id, decision_id, customer_id, kind, title, body, url, effect,
        note, policy, policy_version, rule, rule_version, is_automated, decided_by, strike, restricted_until)
    VALUES (:statement_id, :case_id, :decision_id, :customer_id, :kind, :title, :body, :url, :effect,
        :note, :policy, :policy_version, :rule, :rule_version, :is_automated, :decided_by, :strike, :restricted_until)
""")
_OWN = text(f"""
    SELECT {_STATEMENT} FROM moderation.statements
    WHERE customer_id = :customer_id AND (CAST(:made_at AS timestamptz) IS NULL
        OR (made_at, statement_id) < (CAST(:made_at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY made_at DESC, statement_id DESC LIMIT :limit
""")  # noqa: S608
_ONE = text(f"SELECT {_STATEMENT} FROM moderation.statements WHERE statement_id = :statement_id")  # noqa: S608
_OF_DECISION = text(f"SELECT {_STATEMENT} FROM moderation.statements WHERE decision_id = :decision_id FOR UPDATE")  # noqa: S608
# Once, whatever the number of tries at the same time: the row itself says whether there was one.
_APPEAL = text("""
    UPDATE moderation.statements SET appealed_at = clock_timestamp(), appeal = :words
    WHERE statement_id = :statement_id AND customer_id = :customer_id AND appealed_at IS NULL AND voided_at IS NULL
      AND made_at > :since
    RETURNING decision_id
""")
_OUTCOME = text("""
    UPDATE moderation.statements SET outcome = :outcome, outcome_note = :note, outcome_at = clock_timestamp()
    WHERE statement_id = :statement_id
""")
_SEEN = text("""
    INSERT INTO moderation.browsers (anonymous_id, customer_id) VALUES (:anonymous_id, :customer_id)
    ON CONFLICT (anonymous_id, customer_id) DO UPDATE SET seen_at = excluded.seen_at
""")
_FORGET_BROWSERS = text("DELETE FROM moderation.browsers WHERE seen_at < now() - interval '180 days'")
_SHARING = text("""
    SELECT DISTINCT other.customer_id FROM moderation.browsers own JOIN moderation.browsers other USING (anonymous_id)
    WHERE own.customer_id = :customer_id AND other.customer_id <> :customer_id LIMIT 100
""")
_HELD = {
    "cases": text("""
        SELECT case_id, origin, kind, title, body, url, policy, policy_version, opened_at, decided_at
        FROM moderation.cases
        WHERE author_id = :customer_id OR people @> ARRAY[CAST(:customer_id AS uuid)] ORDER BY opened_at
    """),
    "reports": text("""
        SELECT r.policy, r.words, r.reported_at, c.kind, c.url FROM moderation.reports r
        JOIN moderation.cases c USING (case_id) WHERE r.reporter_id = :customer_id ORDER BY r.reported_at
    """),
    "statements": text(f"SELECT {_STATEMENT} FROM moderation.statements WHERE customer_id = :customer_id"),  # noqa: S608
    "sanctions": text("SELECT * FROM moderation.sanctions WHERE customer_id = :customer_id ORDER BY given_at"),
    "decisions": text("SELECT * FROM moderation.decisions WHERE actor_id = :customer_id ORDER BY decided_at"),
    "hits": text("""
        SELECT name, version, is_shadow, kind, judged_at FROM moderation.hits WHERE author_id = :customer_id
        ORDER BY judged_at
    """),
    "browsers": text("SELECT anonymous_id, seen_at FROM moderation.browsers WHERE customer_id = :customer_id"),
}
NOBODY = UUID(int=0)
# That there were a case, a report, a decision is what the figures are made of; whose they were and what was said goes.
_FORGET = (
    text("DELETE FROM moderation.statements WHERE customer_id = :customer_id"),
    text("DELETE FROM moderation.sanctions WHERE customer_id = :customer_id"),
    text("DELETE FROM moderation.browsers WHERE customer_id = :customer_id"),
    text("UPDATE moderation.hits SET author_id = NULL WHERE author_id = :customer_id"),
    text("""
        WITH own AS (SELECT case_id FROM moderation.cases WHERE author_id = :customer_id)
        UPDATE moderation.reports r SET words = '' FROM own WHERE r.case_id = own.case_id
    """),
    text("""
        UPDATE moderation.cases SET author_id = NULL, title = '', body = '', url = '/', picture = NULL
        WHERE author_id = :customer_id
    """),
    text("""
        UPDATE moderation.cases SET people = array_remove(people, CAST(:customer_id AS uuid)), body = ''
        WHERE people @> ARRAY[CAST(:customer_id AS uuid)]
    """),
    text("""
        UPDATE moderation.reports SET reporter_id = gen_random_uuid(), words = '' WHERE reporter_id = :customer_id
    """),
    text("UPDATE moderation.decisions SET actor_id = :nobody, note = '' WHERE actor_id = :customer_id"),
    text("UPDATE moderation.decisions SET undone_by = :nobody WHERE undone_by = :customer_id"),
    text("UPDATE moderation.cases SET assignee_id = NULL WHERE assignee_id = :customer_id"),
    text("UPDATE moderation.cases SET first_decider_id = :nobody WHERE first_decider_id = :customer_id"),
)


async def sanctions(reader: Reader, customer_id: UUID) -> list[Sanction]:
    """What may still weigh on a person."""
    return [Sanction(**row) for row in (await reader.execute(_SANCTIONS, {"customer_id": customer_id})).mappings()]


async def add_sanction(
    session: AsyncSession, decision_id: UUID, customer_id: UUID, strike: int, restricted_until: datetime | None
) -> None:
    """What weighs on a person from now on."""
    values = {"decision_id": decision_id, "customer_id": customer_id, "strike": strike}
    await session.execute(_SANCTION, values | {"restricted_until": restricted_until})


async def void(session: AsyncSession, decision_id: UUID) -> None:
    """What followed from a decision for a person holds no longer."""
    for statement in _VOID:
        await session.execute(statement, {"decision_id": decision_id})


async def add_statement(session: AsyncSession, values: dict[str, Any]) -> None:
    """What a person is told."""
    await session.execute(_STATE, values)


async def own_statements(
    reader: Reader, customer_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Statement]:
    """What a person was told, the latest first."""
    made_at, last = after or (None, None)
    values = {"customer_id": customer_id, "made_at": made_at, "last": last, "limit": limit}
    return [Statement(**row) for row in (await reader.execute(_OWN, values)).mappings()]


async def statement(reader: Reader, statement_id: UUID) -> Statement | None:
    """One of them, whosever it is."""
    row = (await reader.execute(_ONE, {"statement_id": statement_id})).mappings().one_or_none()
    return None if row is None else Statement(**row)


async def statement_of(session: AsyncSession, decision_id: UUID) -> Statement | None:
    """What a person was told of a decision; nobody appeals against it until this transaction ends."""
    row = (await session.execute(_OF_DECISION, {"decision_id": decision_id})).mappings().one_or_none()
    return None if row is None else Statement(**row)


async def appeal(
    session: AsyncSession, statement_id: UUID, customer_id: UUID, words: str, since: datetime
) -> UUID | None:
    """Keep a person's appeal; the decision that it is against, or None where there can be none."""
    values = {"statement_id": statement_id, "customer_id": customer_id, "words": words, "since": since}
    found: UUID | None = (await session.execute(_APPEAL, values)).scalar_one_or_none()
    return found


async def set_outcome(session: AsyncSession, statement_id: UUID, outcome: str, note: str) -> None:
    """What became of an appeal."""
    await session.execute(_OUTCOME, {"statement_id": statement_id, "outcome": outcome, "note": note})


async def saw(session: AsyncSession, rows: list[dict[str, UUID]]) -> None:
    """Who signed in with which browser."""
    await session.execute(_SEEN, rows)


async def forget_browsers(session: AsyncSession) -> int:
    """Drop what is older than an appeal can be; how many."""
    done: Any = await session.execute(_FORGET_BROWSERS)
    return int(done.rowcount)


async def sharing_a_browser(reader: Reader, customer_id: UUID) -> set[UUID]:
    """Other accounts that signed in where this one did."""
    return set((await reader.execute(_SHARING, {"customer_id": customer_id})).scalars())


async def held_on(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """All rows about a person, by what they are."""
    found = {}
    for name, statement in _HELD.items():
        rows = (await reader.execute(statement, {"customer_id": customer_id})).mappings()
        found[name] = [dict(row) for row in rows]
    return found


async def forget(session: AsyncSession, customer_id: UUID) -> int:
    """Take a person out of all of it; how many rows were changed."""
    changed = 0
    for statement in _FORGET:
        values = {"customer_id": customer_id}
        if "nobody" in statement.compile().params:
            values["nobody"] = NOBODY
        done: Any = await session.execute(statement, values)
        changed += int(done.rowcount)
    return changed
