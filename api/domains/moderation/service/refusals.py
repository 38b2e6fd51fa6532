"""What a rule refuses outright: its author is told why and can appeal once, though nobody else ever reads it.

The words are kept for as long as there can be an appeal, and seen by moderators only through one. Where the appeal is
right, the rule lets the same words of the same person pass.
"""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader, transaction
from api.domains.moderation.contracts import Verdict
from api.domains.moderation.contracts.cases import CaseKind
from api.domains.moderation.domain.cases import APPEAL_WITHIN
from api.domains.moderation.domain.language import language_of
from api.domains.moderation.repository import cases as case_repository
from api.domains.moderation.repository import people as people_repository
from api.domains.moderation.repository import refusals as repository
from api.domains.moderation.service import cases, policies
from ingestion.contracts import new_event_id


async def state(
    session: AsyncSession, author_id: UUID, text: str, kind: CaseKind, said: Verdict, subject_id: UUID | None
) -> UUID:
    """The statement of reasons for words that a rule refused; the same words again get the same one."""
    case_id, decision_id, statement_id = new_event_id(), new_event_id(), new_event_id()
    rule = {"rule": said.rule or "", "rule_version": said.version or 0}
    key = {"statement_id": statement_id, "customer_id": author_id, "kind": kind, "digest": _digest(text)}
    known, is_new = await repository.add(session, key | rule)
    if not is_new:
        return known
    policy = await policies.holding(session, said.policy or cases.GENERAL)
    under = {"policy": policy.title, "policy_version": said.policy_version or policy.version} | rule
    case = {
        "case_id": case_id,
        "decision_id": decision_id,
        "subject_id": subject_id or case_id,
        "customer_id": author_id,
        "kind": kind,
        "body": text,
        "language": await asyncio.to_thread(language_of, text),
        "severity": policy.severity,
        "at": datetime.now(UTC),
    }
    await repository.add_case(session, case | under)
    decision = {"decision_id": decision_id, "case_id": case_id, "act": "reject", "actor_id": people_repository.NOBODY}
    await case_repository.decide(session, decision | under | {"note": "", "strike": 0, "restrict_days": 0})
    told = {
        "statement_id": statement_id,
        "case_id": case_id,
        "decision_id": decision_id,
        "customer_id": author_id,
        "kind": kind,
        "title": "",
        "body": text,
        "url": "",
        "effect": "refused",
        "note": "",
        "is_automated": True,
        "decided_by": "rule",
        "strike": 0,
        "restricted_until": None,
    }
    await people_repository.add_statement(session, told | under)
    return statement_id


async def cleared(reader: Reader, author_id: UUID, kind: str, text: str) -> set[str]:
    """The rules that an appeal found wrong about these words of this person."""
    return await repository.cleared(reader, author_id, kind, _digest(text))


async def forget_old() -> None:
    """Drop words that are too old for an appeal."""
    async with transaction() as session:
        await repository.drop(session, APPEAL_WITHIN)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
