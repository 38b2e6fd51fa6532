"""Cases: opened by holds, reports and signals; found, taken and given back by moderators."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.texts import fitting
from api.domains.moderation.contracts import Verdict
from api.domains.moderation.contracts.cases import CaseView, Decision, Filter, Origin, Report, Subject
from api.domains.moderation.contracts.policies import PolicyView
from api.domains.moderation.domain.cases import due, raised
from api.domains.moderation.domain.language import language_of
from api.domains.moderation.errors import CaseDecided, CaseNotFound, CaseTaken, OwnWords
from api.domains.moderation.repository import cases as repository
from api.domains.moderation.service import policies
from ingestion.contracts import new_event_id
from ingestion.contracts.moderation import CaseOpened, SubjectReported

LONGEST_WORDS = 1000
QUIET = timedelta(days=7)
GENERAL = "Community guidelines"


async def hold(session: AsyncSession, subject: Subject, verdict: Verdict) -> UUID:
    """Have somebody look at words that wait; the case of the thing, which is also that of earlier words of it.

    Whoever owns the words keeps them, and hears what was decided by `moderation.case_decided`.
    """
    policy = await policies.holding(session, verdict.policy or GENERAL)
    return await _open(session, "hold", subject, policy, verdict.rule, verdict.version)


async def signal(session: AsyncSession, subject: Subject, policy: str) -> UUID | None:
    """Have somebody look at what a measure found, under the policy of this title; nothing else follows by itself.

    None where somebody looked at the same within `QUIET`. Raises PolicyNotFound.
    """
    if await repository.was_decided(session, subject.kind, subject.subject_id, datetime.now(UTC) - QUIET):
        return None
    return await _open(session, "signal", subject, await policies.holding(session, policy))


async def report(session: AsyncSession, subject: Subject, reporter_id: UUID, policy: str, words: str = "") -> UUID:
    """What somebody says against a thing, by the slug of a policy. All reports of it are one case.

    The same person's report of the same thing replaces their earlier one. Raises Invalid and OwnWords.
    """
    if subject.author_id == reporter_id:
        raise OwnWords
    words = fitting("words", words, LONGEST_WORDS)
    broken = await policies.by_slug(session, policy)
    case_id = await _open(session, "report", subject, broken)
    said = {"case_id": case_id, "reporter_id": reporter_id, "policy": broken.title, "words": words}
    counted = await repository.add_report(session, said)
    if counted is not None:
        await publish(session, _reported(case_id, subject, reporter_id, broken))
        severity = raised(*counted)
        if severity != counted[0]:
            await repository.make_graver(session, case_id, severity, due(severity, datetime.now(UTC)))
    return case_id


def _reported(case_id: UUID, subject: Subject, reporter_id: UUID, policy: PolicyView) -> SubjectReported:
    return SubjectReported(
        case_id=case_id,
        kind=subject.kind,
        subject_id=subject.subject_id,
        product_id=subject.product_id,
        policy=policy.title,
        reporter_id=reporter_id,
    )


async def _open(
    session: AsyncSession,
    origin: Origin,
    subject: Subject,
    policy: PolicyView,
    rule: str | None = None,
    rule_version: int | None = None,
) -> UUID:
    now = datetime.now(UTC)
    said = {"rule": rule, "rule_version": rule_version, "policy": policy.title, "severity": policy.severity}
    values = {"case_id": new_event_id(), "origin": origin, "policy_version": policy.version, "opened_at": now, **said}
    values["language"] = await asyncio.to_thread(language_of, f"{subject.title}\n{subject.body}")
    case_id, is_new = await repository.open_case(session, subject, values | {"due_at": due(policy.severity, now)})
    if is_new:
        told = CaseOpened(
            case_id=case_id,
            origin=origin,
            kind=subject.kind,
            subject_id=subject.subject_id,
            community_id=subject.community_id,
            customer_id=subject.author_id,
            **said,
        )
        await publish(session, told)
    return case_id


async def list_open(reader: Reader, wanted: Filter, cursor: str | None, limit: int) -> Page[CaseView]:
    """Open cases, what is due first. Raises Invalid for another list's cursor."""
    rows = await repository.list_open(reader, wanted, position(cursor), limit + 1)
    more = encode_cursor(rows[limit - 1].due_at, rows[limit - 1].case_id) if len(rows) > limit else None
    return Page(rows[:limit], more)


async def languages(reader: Reader) -> list[str]:
    """The languages in which something waits, by ISO 639-1."""
    return await repository.languages(reader)


async def list_decided(reader: Reader, cursor: str | None, limit: int) -> Page[CaseView]:
    """Decided cases, the latest first. Raises Invalid for another list's cursor."""
    rows = await repository.list_decided(reader, position(cursor), limit + 1)
    more = encode_cursor(rows[limit - 1].decided_at, rows[limit - 1].case_id) if len(rows) > limit else None
    return Page(rows[:limit], more)


def position(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Time and id of the last row that was shown. Raises Invalid for another list's cursor."""
    if not cursor:
        return None
    at, last = decode_cursor(cursor, str, str)
    try:
        found = datetime.fromisoformat(at)
        if found.tzinfo is None:
            raise ValueError
        return found, UUID(last)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


async def get(reader: Reader, case_id: UUID) -> tuple[CaseView, list[Report], list[Decision]]:
    """A case with what was said against the thing and what was decided. Raises CaseNotFound."""
    found = await repository.find(reader, case_id)
    if found is None:
        raise CaseNotFound
    return found, await repository.reports(reader, [case_id]), await repository.decisions(reader, case_id)


async def reported_in(reader: Reader, community_id: UUID, limit: int = 100) -> list[CaseView]:
    """What people reported in a community and nobody has decided, what is due first."""
    return await repository.reported_in(reader, community_id, limit)


async def reasons(reader: Reader, case_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Case → policy → how many people reported the thing under it, the most named first."""
    found: dict[UUID, dict[str, int]] = {}
    for case_id, policy, count in await repository.reasons(reader, case_ids):
        found.setdefault(case_id, {})[policy] = count
    return found


async def take(session: AsyncSession, moderator: UUID, case_id: UUID, *, is_forced: bool = False) -> CaseView:
    """Make a case one's own; with `is_forced` also out of another's hands.

    Raises CaseNotFound, CaseDecided, and CaseTaken.
    """
    case = await _open_one(session, case_id)
    if case.assignee_id == moderator:
        return case
    if case.assignee_id is not None and not is_forced:
        raise CaseTaken
    return await _assign(session, moderator, case, moderator)


async def release(session: AsyncSession, moderator: UUID, case_id: UUID) -> CaseView:
    """Give a case of one's own back. Raises CaseNotFound, CaseDecided, and CaseTaken where it is another's."""
    case = await _open_one(session, case_id)
    if case.assignee_id is None:
        return case
    if case.assignee_id != moderator:
        raise CaseTaken
    return await _assign(session, moderator, case, None)


async def _open_one(session: AsyncSession, case_id: UUID) -> CaseView:
    case = await repository.lock(session, case_id)
    if case is None:
        raise CaseNotFound
    if case.decision_id is not None:
        await refuse_decided(session, case)
    return case


async def refuse_decided(session: AsyncSession, case: CaseView) -> None:
    """Raises CaseDecided with what happened."""
    found = await repository.decision(session, case.decision_id) if case.decision_id else None
    if found is not None:
        raise CaseDecided(found.act, found.policy, found.decided_at)


async def _assign(session: AsyncSession, moderator: UUID, case: CaseView, assignee: UUID | None) -> CaseView:
    await repository.assign(session, case.case_id, assignee)
    await record_act(session, moderator, f"cases.{'take' if assignee else 'release'}", f"case:{case.case_id}")
    return (await get(session, case.case_id))[0]


async def own_reports(reader: Reader, customer_id: UUID) -> list[dict[str, object]]:
    """What a person reported lately, and what became of it."""
    return await repository.own_reports(reader, customer_id)


async def is_held(reader: Reader, kind: str, subject_id: UUID) -> bool:
    """Whether newer words of a thing wait for a look, so that an older decision is not about them."""
    return await repository.is_held(reader, kind, subject_id)
