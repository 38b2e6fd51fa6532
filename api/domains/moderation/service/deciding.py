"""Decisions: each case once, told to its author, taken back where it was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.texts import fitting
from api.domains.moderation.contracts.cases import Act, CaseView, Decision, Origin, Statement, Subject
from api.domains.moderation.contracts.policies import PolicyView
from api.domains.moderation.domain.cases import AGAINST, DECISIONS, due, effect, fitted, may_decide
from api.domains.moderation.errors import CaseDecided, CaseNotFound, DecisionStands, MayNotDecide
from api.domains.moderation.repository import cases as repository
from api.domains.moderation.repository import people as people_repository
from api.domains.moderation.repository import refusals
from api.domains.moderation.service import cases, people, policies, statements
from ingestion.contracts import new_event_id
from ingestion.contracts.moderation import CaseDecided as CaseDecidedEvent
from ingestion.contracts.moderation import CaseOpened, DecisionUndone

LONGEST_NOTE = 1000
MOST_AT_ONCE = 50
MOST_STRIKES, MOST_DAYS = 3, 365
NEEDS_NOTE: frozenset[Act] = frozenset({"remove", "confirm", "uphold", "overturn"})


FINAL: Mapping[Origin, str] = {
    "appeal": "The answer to an appeal is final.",
    "initiative": "Restore it there.",
    "refusal": "A rule decided: its author can appeal.",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a moderator wants of a case. `policy` is a slug; empty: the one that the case is under."""

    act: Act
    note: str = ""
    policy: str = ""
    strike: int = 0
    restrict_days: int = 0


async def decide(session: AsyncSession, moderator: UUID, case_id: UUID, ruling: Ruling) -> Decision:
    """Decide a case. Of two moderators at once the second is told what the first one did.

    Raises CaseNotFound, CaseDecided, MayNotDecide and Invalid.
    """
    case = await repository.lock(session, case_id)
    if case is None:
        raise CaseNotFound
    if case.decision_id is not None:
        await cases.refuse_decided(session, case)
    ruling = replace(ruling, act=fitted(ruling.act, case.origin))
    if ruling.act not in DECISIONS.get(case.origin, ()):
        raise Invalid("act", f"is one of {', '.join(DECISIONS.get(case.origin, ()))}")
    if why := may_decide(case, moderator, await people.linked(session, moderator)):
        raise MayNotDecide(why)
    return await _decide(session, moderator, case, _checked(ruling))


async def decide_many(
    session: AsyncSession, moderator: UUID, case_ids: Sequence[UUID], ruling: Ruling
) -> tuple[list[UUID], dict[UUID, str]]:
    """The same for many cases: those that were decided, and of the others why not. Raises Invalid for the ruling."""
    if not 1 <= len(case_ids) <= MOST_AT_ONCE:
        raise Invalid("case_ids", f"takes 1 to {MOST_AT_ONCE} cases")
    _checked(ruling)
    done: list[UUID] = []
    passed: dict[UUID, str] = {}
    for case_id in sorted(set(case_ids)):  # in one order, so that two moderators never wait for each other
        try:
            await decide(session, moderator, case_id, ruling)
            done.append(case_id)
        except (CaseNotFound, CaseDecided, MayNotDecide, Invalid) as error:
            passed[case_id] = error.detail or error.title
    return done, passed


def _checked(ruling: Ruling) -> Ruling:
    note = fitting("note", ruling.note, LONGEST_NOTE, shortest=1 if ruling.act in NEEDS_NOTE else 0)
    if not 0 <= ruling.strike <= MOST_STRIKES:
        raise Invalid("strike", f"is 0 to {MOST_STRIKES}")
    if not 0 <= ruling.restrict_days <= MOST_DAYS:
        raise Invalid("restrict_days", f"is 0 to {MOST_DAYS}")
    if ruling.act not in AGAINST and (ruling.strike or ruling.restrict_days):
        raise Invalid("strike", "goes with what is held against somebody")
    return Ruling(ruling.act, note, ruling.policy, ruling.strike, ruling.restrict_days)


async def _decide(
    session: AsyncSession, moderator: UUID, case: CaseView, ruling: Ruling, *, is_done: bool = False
) -> Decision:
    policy = await _policy(session, case, ruling)
    made = await repository.decide(
        session,
        {
            "decision_id": new_event_id(),
            "case_id": case.case_id,
            "act": ruling.act,
            "actor_id": moderator,
            "note": ruling.note,
            "policy": policy.title,
            "policy_version": policy.version,
            "rule": case.rule,
            "rule_version": case.rule_version,
            "strike": ruling.strike,
            "restrict_days": ruling.restrict_days,
        },
    )
    became = effect(made.act)
    if case.origin == "appeal":
        # Words that were never there cannot be put back: their author publishes them anew. That people judged them is
        # told all the same.
        if (stated := await _appealed(session, case)) is not None and stated.decided_by == "rule":
            became, is_done = ("stand" if made.act == "overturn" else "fall"), True
        await _answer_appeal(session, stated, made)
    elif ruling.act in AGAINST and case.author_id is not None:
        await _hold_against(session, case, made, case.author_id)
    await record_act(
        session,
        moderator,
        f"cases.{ruling.act}",
        f"case:{case.case_id}",
        policy=policy.title,
        policy_version=policy.version,
        rule=case.rule,
        rule_version=case.rule_version,
        strike=ruling.strike,
        restrict_days=ruling.restrict_days,
    )
    await publish(session, _told(case, made, became, is_done=is_done))
    return made


async def _policy(session: AsyncSession, case: CaseView, ruling: Ruling) -> PolicyView:
    if ruling.policy:
        return await policies.by_slug(session, ruling.policy)
    return await policies.holding(session, case.policy)


def _told(case: CaseView, made: Decision, became: str, *, is_done: bool) -> CaseDecidedEvent:
    waited = max(made.decided_at - case.opened_at, timedelta(0))
    return CaseDecidedEvent(
        case_id=case.case_id,
        decision_id=made.decision_id,
        origin=case.origin,
        kind=case.kind,
        subject_id=case.subject_id,
        act=made.act,
        effect=became,
        is_done=is_done,
        rule=made.rule,
        rule_version=made.rule_version,
        policy=made.policy,
        policy_version=made.policy_version,
        strike=made.strike,
        restrict_days=made.restrict_days,
        reports=case.reports,
        waited_seconds=int(waited.total_seconds()),
        customer_id=case.author_id,
    )


async def _hold_against(session: AsyncSession, case: CaseView, made: Decision, author_id: UUID) -> None:
    until = made.decided_at + timedelta(days=made.restrict_days) if made.restrict_days else None
    if made.strike or until:
        await people_repository.add_sanction(session, made.decision_id, author_id, made.strike, until)
    await statements.make(session, case, made, author_id, until)


async def _answer_appeal(session: AsyncSession, found: Statement | None, made: Decision) -> None:
    if found is None:  # the person was erased meanwhile
        return
    if made.act == "overturn":
        await people_repository.void(session, found.decision_id)
        if found.decided_by == "rule":
            await refusals.clear(session, found.statement_id)
    await statements.answer(session, found, made)


async def _appealed(session: AsyncSession, case: CaseView) -> Statement | None:
    return await people_repository.statement(session, case.statement_id) if case.statement_id else None


async def undo(session: AsyncSession, moderator: UUID, decision_id: UUID, note: str) -> CaseView:
    """Take a decision back: its case is open again, what followed from it holds no longer.

    Raises CaseNotFound, MayNotDecide, Invalid, and DecisionStands where it was appealed, is an answer to an appeal, was
    taken back, or another case about the same thing is open.
    """
    note = fitting("note", note, LONGEST_NOTE, shortest=1)
    made = await repository.decision(session, decision_id)
    case = await repository.lock(session, made.case_id) if made else None
    if made is None or case is None:
        raise CaseNotFound
    await _may_undo(session, moderator, case, made)
    await people_repository.void(session, decision_id)
    await repository.undo(session, made, moderator, reopens=True)
    await record_act(session, moderator, "cases.undo", f"case:{case.case_id}", act=made.act, why=note)
    became = {"approve": "wait", "remove": "wait" if case.origin == "hold" else "stand"}.get(made.act, "none")
    await publish(session, _undone(case, made, became, is_done=False))
    return (await cases.get(session, case.case_id))[0]


async def _may_undo(session: AsyncSession, moderator: UUID, case: CaseView, made: Decision) -> None:
    if why := may_decide(case, moderator, await people.linked(session, moderator)):
        raise MayNotDecide(why)
    if case.decision_id != made.decision_id or made.undone_at is not None:
        raise DecisionStands("It was taken back already.")
    if case.origin in FINAL:
        raise DecisionStands(FINAL[case.origin])
    stated = await people_repository.statement_of(session, made.decision_id)
    if stated is not None and stated.appealed_at is not None:
        raise DecisionStands("Its author has appealed: decide the appeal instead.")
    if await repository.lock_open(session, case.kind, case.subject_id) is not None:
        raise DecisionStands("There is a newer case about the same thing: decide that one instead.")


def _undone(case: CaseView, made: Decision, became: str, *, is_done: bool) -> DecisionUndone:
    return DecisionUndone(
        case_id=case.case_id,
        decision_id=made.decision_id,
        kind=case.kind,
        subject_id=case.subject_id,
        act=made.act,
        effect=became,
        is_done=is_done,
        customer_id=case.author_id,
    )


async def settle(session: AsyncSession, subject: Subject, moderator: UUID, act: Act, note: str) -> None:
    """What a domain's own moderators did to a thing: its open case is decided so, and its author told.

    `act` is `approve` or `remove`. Something that nobody held or reported gets a case of its own when it is removed.
    """
    case = await repository.lock_open(session, subject.kind, subject.subject_id)
    if case is None and act == "remove":
        case = await _initiative(session, subject)
    if case is None:
        return
    await _decide(session, moderator, case, Ruling(fitted(act, case.origin), note), is_done=True)


async def _initiative(session: AsyncSession, subject: Subject) -> CaseView | None:
    policy = await policies.holding(session, cases.GENERAL)
    now = datetime.now(UTC)
    said = {"rule": None, "rule_version": None, "policy": policy.title, "severity": policy.severity}
    values = {"case_id": new_event_id(), "origin": "initiative", "policy_version": policy.version, "opened_at": now}
    values["language"] = None
    case_id, _ = await repository.open_case(session, subject, values | said | {"due_at": due(policy.severity, now)})
    told = CaseOpened(
        case_id=case_id,
        origin="initiative",
        kind=subject.kind,
        subject_id=subject.subject_id,
        community_id=subject.community_id,
        customer_id=subject.author_id,
        **said,
    )
    await publish(session, told)
    return await repository.lock(session, case_id)


async def take_back(session: AsyncSession, kind: str, subject_id: UUID, moderator: UUID) -> None:
    """A domain's own moderators restored a thing: the decision that took it away holds no longer."""
    made = await repository.last_against(session, kind, subject_id)
    if made is None:
        return
    case = await repository.lock(session, made.case_id)
    stated = await people_repository.statement_of(session, made.decision_id)
    await people_repository.void(session, made.decision_id)
    await repository.undo(session, made, moderator, reopens=False)
    if case is not None:
        await publish(session, _undone(case, made, "stand", is_done=True))
    await _close_appeal(session, stated, moderator)


async def _close_appeal(session: AsyncSession, stated: Statement | None, moderator: UUID) -> None:
    """An appeal that waits is answered by what was done."""
    waiting = await repository.appeal_of(session, stated.statement_id) if stated and stated.appealed_at else None
    if waiting is not None:
        await _decide(session, moderator, waiting, Ruling("overturn", "It was restored."), is_done=True)


async def withdraw(session: AsyncSession, kind: str, subject_id: UUID, author_id: UUID) -> None:
    """The author took the thing away: what waited about it needs no look any more, unless somebody reported it."""
    case = await repository.lock_open(session, kind, subject_id)
    if case is not None and case.reports == 0 and case.author_id == author_id:
        await _decide(session, author_id, case, Ruling("withdraw"), is_done=True)
