"""Statements of reasons: what somebody is told, their one appeal, and what became of it."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader
from api.core.mail import send_mail
from api.core.outbox import publish
from api.core.paging import Page, encode_cursor
from api.core.settings import get_settings
from api.core.texts import fitting
from api.domains.identity import facade as identity
from api.domains.moderation.contracts.cases import CaseView, Decision, Statement
from api.domains.moderation.domain.cases import APPEAL_WITHIN, due
from api.domains.moderation.errors import MayNotAppeal, StatementNotFound
from api.domains.moderation.repository import cases as case_repository
from api.domains.moderation.repository import people as repository
from api.domains.moderation.service import cases
from ingestion.contracts import new_event_id
from ingestion.contracts.moderation import CaseOpened

LONGEST_APPEAL = 2000
APPEAL_SEVERITY = 1
WHAT = {"community": "name or description"}  # kinds that are called otherwise where a person reads of them
EFFECTS = {
    "removed": "was removed",
    "refused": "is not published",
    "sanctioned": "counts against you",
}


async def make(
    session: AsyncSession, case: CaseView, made: Decision, author_id: UUID, restricted_until: datetime | None
) -> None:
    """Tell the author in their account, and by mail, that this was decided and why."""
    effect = "refused" if case.origin == "hold" else "removed"
    if made.act == "confirm":
        effect = "sanctioned"
    values = {
        "statement_id": new_event_id(),
        "case_id": case.case_id,
        "decision_id": made.decision_id,
        "customer_id": author_id,
        "kind": case.kind,
        "title": case.title,
        "body": case.body,
        "url": case.url,
        "effect": effect,
        "note": made.note,
        "policy": made.policy,
        "policy_version": made.policy_version,
        "rule": made.rule,
        "rule_version": made.rule_version,
        "is_automated": made.rule is not None,
        "decided_by": "person",
        "strike": made.strike,
        "restricted_until": restricted_until,
    }
    await repository.add_statement(session, values)
    base = get_settings().api_url
    found_by = f"A rule found it ({made.rule}, version {made.rule_version}); a" if made.rule else "A"
    lines = [
        f"Your {case.kind} {EFFECTS[effect]}.",
        f"Under: {made.policy}, version {made.policy_version}.",
        f"Why: {made.note}" if made.note else "",
        f"{found_by} person decided.",
        f"It counts as {made.strike} strike point{'' if made.strike == 1 else 's'}." if made.strike else "",
        f"You cannot write until {restricted_until:%d %B %Y, %H:%M} UTC." if restricted_until else "",
        f"You can read it in full and appeal once, within {APPEAL_WITHIN.days} days:",
        f"{base}/account/statements/{values['statement_id']}",
    ]
    await _mail(session, author_id, f"Your {case.kind} {EFFECTS[effect]}", "\n\n".join(each for each in lines if each))


async def answer(session: AsyncSession, stated: Statement, made: Decision) -> None:
    """Tell the author what became of their appeal."""
    await repository.set_outcome(session, stated.statement_id, made.act, made.note)
    is_overturned = made.act == "overturn"
    said = "You were right: the decision was wrong." if is_overturned else "The decision stands."
    follows = ""
    if is_overturned and stated.decided_by == "rule":
        follows = "You can publish the same words now: the rule lets them pass. You find them here:"
    elif is_overturned:
        follows = "What you wrote is shown again, and nothing counts against you."
    here = f"{get_settings().api_url}/account/statements/{stated.statement_id}"
    by = "A person decided." if stated.decided_by == "rule" else "Somebody else than the first time decided."
    lines = (said, made.note, by, follows, here)
    text = "\n\n".join(each for each in lines if each)
    await _mail(session, stated.customer_id, "Your appeal was decided", text)


async def _mail(session: AsyncSession, customer_id: UUID, subject: str, text: str) -> None:
    address = await identity.email_of(session, customer_id)
    if address is not None:
        await send_mail(session, address, subject, f"{text}\n")


async def list_own(reader: Reader, customer_id: UUID, cursor: str | None, limit: int) -> Page[Statement]:
    """What a person was told, the latest first. Raises Invalid for another list's cursor."""
    rows = await repository.own_statements(reader, customer_id, cases.position(cursor), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor(last.made_at, last.statement_id) if last else None)


async def get_own(reader: Reader, customer_id: UUID, statement_id: UUID) -> Statement:
    """One of them. Raises StatementNotFound, also for another person's."""
    found = await repository.statement(reader, statement_id)
    if found is None or found.customer_id != customer_id:
        raise StatementNotFound
    return found


async def of_appeal(reader: Reader, case: CaseView) -> Statement | None:
    """What the author was told and says against it; None where the case is no appeal."""
    return await repository.statement(reader, case.statement_id) if case.statement_id else None


def may_appeal(stated: Statement) -> bool:
    """Whether there can still be an appeal."""
    is_young = stated.made_at > datetime.now(UTC) - APPEAL_WITHIN
    return stated.appealed_at is None and stated.voided_at is None and is_young


async def appeal(session: AsyncSession, customer_id: UUID, statement_id: UUID, words: str) -> Statement:
    """Appeal, once: somebody else than the first time decides. Raises StatementNotFound, Invalid and MayNotAppeal."""
    words = fitting("words", words, LONGEST_APPEAL, shortest=1)
    await get_own(session, customer_id, statement_id)
    now = datetime.now(UTC)
    decision_id = await repository.appeal(session, statement_id, customer_id, words, now - APPEAL_WITHIN)
    if decision_id is None:
        raise MayNotAppeal
    case_id = new_event_id()
    ids = {"case_id": case_id, "statement_id": statement_id, "decision_id": decision_id}
    await case_repository.open_appeal(session, ids | {"due_at": due(APPEAL_SEVERITY, now)})
    opened, _, _ = await cases.get(session, case_id)
    await record_act(session, customer_id, "statements.appeal", f"statement:{statement_id}", case=case_id)
    told = CaseOpened(
        case_id=case_id,
        origin="appeal",
        kind=opened.kind,
        subject_id=opened.subject_id,
        community_id=opened.community_id,
        rule=opened.rule,
        rule_version=opened.rule_version,
        policy=opened.policy,
        severity=opened.severity,
        customer_id=customer_id,
    )
    await publish(session, told)
    return await get_own(session, customer_id, statement_id)
