"""SQL of cases: opened once for each thing, joined by further reports, decided once."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.moderation.contracts.cases import CaseView, Decision, Filter, Report, Subject

_COLUMNS = ", ".join(CaseView.__dataclass_fields__)
_DECISION = ", ".join(Decision.__dataclass_fields__)
# One open case for a thing: whoever comes second joins it. Words that changed meanwhile are judged as they are now, and
# a report joins a hold as it is.
_OPEN = text("""
    INSERT INTO moderation.cases AS c (case_id, origin, kind, subject_id, author_id, community_id, community, title,
        body, url, picture, people, language, rule, rule_version, policy, policy_version, severity, opened_at, due_at)
    VALUES (:case_id, :origin, :kind, :subject_id, :author_id, :community_id, :community, :title,
        :body, :url, :picture, CAST(:people AS uuid[]), :language, :rule, :rule_version, :policy,
        :policy_version, :severity, :opened_at, :due_at)
    ON CONFLICT (kind, subject_id) WHERE decided_at IS NULL AND origin <> 'appeal' DO UPDATE SET
        title = excluded.title, body = excluded.body, url = excluded.url, picture = excluded.picture,
        language = excluded.language,
        origin = CASE WHEN excluded.origin = 'hold' THEN 'hold' ELSE c.origin END,
        rule = coalesce(excluded.rule, c.rule), rule_version = coalesce(excluded.rule_version, c.rule_version),
        severity = greatest(c.severity, excluded.severity), due_at = least(c.due_at, excluded.due_at)
    RETURNING new.case_id, old.case_id IS NULL AS is_new
""")
_OPEN_APPEAL = text("""
    INSERT INTO moderation.cases (case_id, origin, kind, subject_id, author_id, community_id, community, title, body,
        url, picture, language, rule, rule_version, policy, policy_version, severity, statement_id, first_decider_id,
        due_at)
    SELECT :case_id, 'appeal', c.kind, c.subject_id, c.author_id, c.community_id, c.community, c.title, c.body,
        c.url, c.picture, c.language, d.rule, d.rule_version, d.policy, d.policy_version, c.severity, :statement_id,
        d.actor_id, :due_at
    FROM moderation.decisions d JOIN moderation.cases c USING (case_id) WHERE d.decision_id = :decision_id
""")
_REPORT = text("""
    INSERT INTO moderation.reports (case_id, reporter_id, policy, words)
    VALUES (:case_id, :reporter_id, :policy, :words)
    ON CONFLICT (case_id, reporter_id) DO UPDATE SET policy = excluded.policy, words = excluded.words
    RETURNING old.case_id IS NULL AS is_new
""")
_COUNT = text("UPDATE moderation.cases SET reports = reports + 1 WHERE case_id = :case_id RETURNING severity, reports")
_RAISE = text("""
    UPDATE moderation.cases SET severity = :severity, due_at = least(due_at, :due_at) WHERE case_id = :case_id
""")
_FIND = text(f"SELECT {_COLUMNS} FROM moderation.cases WHERE case_id = :case_id")  # noqa: S608
_LOCK = text(f"SELECT {_COLUMNS} FROM moderation.cases WHERE case_id = :case_id FOR UPDATE")  # noqa: S608
_LOCK_OPEN = text(f"""
    SELECT {_COLUMNS} FROM moderation.cases
    WHERE kind = :kind AND subject_id = :subject_id AND decided_at IS NULL AND origin <> 'appeal' FOR UPDATE
""")  # noqa: S608
_LOCK_APPEAL = text(f"""
    SELECT {_COLUMNS} FROM moderation.cases WHERE statement_id = :statement_id AND decided_at IS NULL FOR UPDATE
""")  # noqa: S608
_HAS_OPEN = text("""
    SELECT EXISTS (SELECT FROM moderation.cases
        WHERE kind = :kind AND subject_id = :subject_id AND decided_at IS NULL AND origin = 'hold')
""")
_WAS_DECIDED = text("""
    SELECT EXISTS (SELECT FROM moderation.cases
        WHERE kind = :kind AND subject_id = :subject_id AND decided_at > :since)
""")
_LAST_AGAINST = text(f"""
    SELECT {", ".join("d." + each for each in Decision.__dataclass_fields__)}
    FROM moderation.decisions d JOIN moderation.cases c USING (case_id)
    WHERE c.kind = :kind AND c.subject_id = :subject_id AND d.act = 'remove' AND d.undone_at IS NULL
    ORDER BY d.decided_at DESC LIMIT 1
""")  # noqa: S608
_LIST = text(f"""
    SELECT {_COLUMNS} FROM moderation.cases
    WHERE decided_at IS NULL
      AND (CAST(:origin AS text) IS NULL OR origin = :origin)
      AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:community AS text) IS NULL OR community = :community)
      AND (CAST(:severity AS smallint) IS NULL OR severity = :severity)
      AND (CAST(:language AS text) IS NULL OR language = :language)
      AND (CAST(:assignee_id AS uuid) IS NULL OR assignee_id = CAST(:assignee_id AS uuid))
      AND (NOT :is_free OR assignee_id IS NULL)
      AND (CAST(:due_at AS timestamptz) IS NULL
        OR (due_at, case_id) > (CAST(:due_at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY due_at, case_id LIMIT :limit
""")  # noqa: S608
_LANGUAGES = text("""
    SELECT DISTINCT language FROM moderation.cases WHERE decided_at IS NULL AND language IS NOT NULL ORDER BY language
""")
_DECIDED = text(f"""
    SELECT {_COLUMNS} FROM moderation.cases
    WHERE decided_at IS NOT NULL AND origin <> 'refusal' AND (CAST(:due_at AS timestamptz) IS NULL
        OR (decided_at, case_id) < (CAST(:due_at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY decided_at DESC, case_id DESC LIMIT :limit
""")  # noqa: S608
_OF_COMMUNITY = text(f"""
    SELECT {_COLUMNS} FROM moderation.cases
    WHERE decided_at IS NULL AND community_id = :community_id AND origin = 'report'
    ORDER BY due_at, case_id LIMIT :limit
""")  # noqa: S608
_REPORTS = text("""
    SELECT reporter_id, policy, words, reported_at FROM moderation.reports
    WHERE case_id = ANY(:case_ids) ORDER BY reported_at DESC LIMIT 200
""")
_REASONS = text("""
    SELECT case_id, policy, count(*) AS times FROM moderation.reports
    WHERE case_id = ANY(:case_ids) GROUP BY case_id, policy ORDER BY times DESC, policy
""")
_ASSIGN = text("""
    UPDATE moderation.cases SET assignee_id = :assignee_id WHERE case_id = :case_id
""")
_DECIDE = text(f"""
    INSERT INTO moderation.decisions (decision_id, case_id, act, actor_id, note, policy, policy_version, rule,
        rule_version, strike, restrict_days)
    VALUES (:decision_id, :case_id, :act, :actor_id, :note, :policy, :policy_version, :rule, :rule_version, :strike,
        :restrict_days)
    RETURNING {_DECISION}
""")  # noqa: S608
_CLOSE = text("""
    UPDATE moderation.cases SET decision_id = :decision_id, decided_at = :decided_at WHERE case_id = :case_id
""")
_REOPEN = text("UPDATE moderation.cases SET decision_id = NULL, decided_at = NULL WHERE case_id = :case_id")
_DECISIONS = text(f"""
    SELECT {_DECISION} FROM moderation.decisions WHERE case_id = :case_id ORDER BY decided_at, decision_id
""")  # noqa: S608
_DECISION_BY_ID = text(f"SELECT {_DECISION} FROM moderation.decisions WHERE decision_id = :decision_id")  # noqa: S608
_UNDO = text("""
    UPDATE moderation.decisions SET undone_at = clock_timestamp(), undone_by = :actor_id
    WHERE decision_id = :decision_id AND undone_at IS NULL
""")
_OWN_REPORTS = text("""
    SELECT c.kind, c.title, c.url, r.policy, r.reported_at, d.act, c.decided_at
    FROM moderation.reports r JOIN moderation.cases c USING (case_id)
    LEFT JOIN moderation.decisions d ON d.decision_id = c.decision_id
    WHERE r.reporter_id = :customer_id ORDER BY r.reported_at DESC LIMIT 50
""")


async def open_case(session: AsyncSession, subject: Subject, values: dict[str, Any]) -> tuple[UUID, bool]:
    """The open case of a thing, and whether it is new. It is this transaction's until it ends."""
    row = (await session.execute(_OPEN, asdict(subject) | {"people": list(subject.people)} | values)).one()
    return row.case_id, row.is_new


async def open_appeal(session: AsyncSession, values: dict[str, Any]) -> None:
    """The case of an appeal, made from the decision that it is against."""
    await session.execute(_OPEN_APPEAL, values)


async def add_report(session: AsyncSession, values: dict[str, Any]) -> tuple[int, int] | None:
    """What somebody says against it; (severity, reports) where they had not yet, None for their new words."""
    is_new: bool = (await session.execute(_REPORT, values)).scalar_one()
    if not is_new:
        return None
    row = (await session.execute(_COUNT, {"case_id": values["case_id"]})).one()
    return row.severity, row.reports


async def make_graver(session: AsyncSession, case_id: UUID, severity: int, due_at: datetime) -> None:
    """Another severity, and sooner."""
    await session.execute(_RAISE, {"case_id": case_id, "severity": severity, "due_at": due_at})


async def find(reader: Reader, case_id: UUID) -> CaseView | None:
    """One case."""
    row = (await reader.execute(_FIND, {"case_id": case_id})).mappings().one_or_none()
    return None if row is None else CaseView(**row)


async def lock(session: AsyncSession, case_id: UUID) -> CaseView | None:
    """One case that nobody else decides until this transaction ends."""
    row = (await session.execute(_LOCK, {"case_id": case_id})).mappings().one_or_none()
    return None if row is None else CaseView(**row)


async def lock_open(session: AsyncSession, kind: str, subject_id: UUID) -> CaseView | None:
    """The open case of a thing, locked; no appeal."""
    row = (await session.execute(_LOCK_OPEN, {"kind": kind, "subject_id": subject_id})).mappings().one_or_none()
    return None if row is None else CaseView(**row)


async def appeal_of(session: AsyncSession, statement_id: UUID) -> CaseView | None:
    """The appeal that waits against a statement, locked."""
    row = (await session.execute(_LOCK_APPEAL, {"statement_id": statement_id})).mappings().one_or_none()
    return None if row is None else CaseView(**row)


async def is_held(reader: Reader, kind: str, subject_id: UUID) -> bool:
    """Whether words of a thing wait for a look now."""
    return bool((await reader.execute(_HAS_OPEN, {"kind": kind, "subject_id": subject_id})).scalar_one())


async def was_decided(reader: Reader, kind: str, subject_id: UUID, since: datetime) -> bool:
    """Whether somebody decided about a thing since a time."""
    found = await reader.execute(_WAS_DECIDED, {"kind": kind, "subject_id": subject_id, "since": since})
    return bool(found.scalar_one())


async def last_against(session: AsyncSession, kind: str, subject_id: UUID) -> Decision | None:
    """The last decision that took a thing away and still holds."""
    row = (await session.execute(_LAST_AGAINST, {"kind": kind, "subject_id": subject_id})).mappings().one_or_none()
    return None if row is None else Decision(**row)


async def list_open(reader: Reader, wanted: Filter, after: tuple[datetime, UUID] | None, limit: int) -> list[CaseView]:
    """Open cases, the ones that are due first."""
    due_at, last = after or (None, None)
    values = asdict(wanted) | {"due_at": due_at, "last": last, "limit": limit}
    return [CaseView(**row) for row in (await reader.execute(_LIST, values)).mappings()]


async def languages(reader: Reader) -> list[str]:
    """The languages of what waits."""
    return list((await reader.execute(_LANGUAGES)).scalars())


async def list_decided(reader: Reader, after: tuple[datetime, UUID] | None, limit: int) -> list[CaseView]:
    """Decided cases, the latest first."""
    decided_at, last = after or (None, None)
    values = {"due_at": decided_at, "last": last, "limit": limit}
    return [CaseView(**row) for row in (await reader.execute(_DECIDED, values)).mappings()]


async def reported_in(reader: Reader, community_id: UUID, limit: int) -> list[CaseView]:
    """What people reported in a community, what is due first."""
    rows = await reader.execute(_OF_COMMUNITY, {"community_id": community_id, "limit": limit})
    return [CaseView(**row) for row in rows.mappings()]


async def reports(reader: Reader, case_ids: Sequence[UUID]) -> list[Report]:
    """What was said against things, the latest first."""
    return [Report(**row) for row in (await reader.execute(_REPORTS, {"case_ids": list(case_ids)})).mappings()]


async def reasons(reader: Reader, case_ids: Sequence[UUID]) -> list[tuple[UUID, str, int]]:
    """(case, policy, how many people named it), the most named first."""
    rows = await reader.execute(_REASONS, {"case_ids": list(case_ids)})
    return [(row.case_id, row.policy, row.times) for row in rows]


async def assign(session: AsyncSession, case_id: UUID, assignee_id: UUID | None) -> None:
    """Whose it is; None: nobody's."""
    await session.execute(_ASSIGN, {"case_id": case_id, "assignee_id": assignee_id})


async def decide(session: AsyncSession, values: dict[str, Any]) -> Decision:
    """A decision, which closes its case."""
    made = Decision(**(await session.execute(_DECIDE, values)).mappings().one())
    closed = {"case_id": made.case_id, "decision_id": made.decision_id, "decided_at": made.decided_at}
    await session.execute(_CLOSE, closed)
    return made


async def undo(session: AsyncSession, decision: Decision, actor_id: UUID, *, reopens: bool) -> None:
    """Take a decision back; its case is open again where it `reopens`."""
    await session.execute(_UNDO, {"decision_id": decision.decision_id, "actor_id": actor_id})
    if reopens:
        await session.execute(_REOPEN, {"case_id": decision.case_id})


async def decisions(reader: Reader, case_id: UUID) -> list[Decision]:
    """What was decided of a case, the first one first."""
    return [Decision(**row) for row in (await reader.execute(_DECISIONS, {"case_id": case_id})).mappings()]


async def decision(reader: Reader, decision_id: UUID) -> Decision | None:
    """One decision."""
    row = (await reader.execute(_DECISION_BY_ID, {"decision_id": decision_id})).mappings().one_or_none()
    return None if row is None else Decision(**row)


async def own_reports(reader: Reader, customer_id: UUID) -> list[dict[str, Any]]:
    """What a person reported lately, and what became of it."""
    return [dict(row) for row in (await reader.execute(_OWN_REPORTS, {"customer_id": customer_id})).mappings()]
