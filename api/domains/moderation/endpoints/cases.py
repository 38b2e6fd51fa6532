"""JSON of the review queue."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from api.core.auth import Principal, require
from api.core.db import ReadDep, Reader, SessionDep, transaction
from api.core.idempotency import IdempotencyDep
from api.core.routing import Router
from api.domains.moderation.contracts.cases import CaseKind, CaseView, Filter, Origin
from api.domains.moderation.schemas import (
    BulkResult,
    BulkRuling,
    CaseDetail,
    CaseOut,
    Cases,
    DecisionOut,
    ReportOut,
    RulingWrite,
    Undo,
)
from api.domains.moderation.service import cases, deciding, statements

router = Router(prefix="/v1/operate")
Moderator = Annotated[Principal, Depends(require("cases.decide"))]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=100)]


def _out(case: CaseView) -> CaseOut:
    return CaseOut.model_validate(case, from_attributes=True)


async def _detail(reader: Reader, case_id: UUID) -> CaseDetail:
    case, said, decisions = await cases.get(reader, case_id)
    stated = await statements.of_appeal(reader, case)
    return CaseDetail(
        **_out(case).model_dump(),
        first_note=stated.note if stated else None,
        appeal=stated.appeal if stated else None,
        said=[ReportOut.model_validate(each, from_attributes=True) for each in said],
        decisions=[DecisionOut.model_validate(each, from_attributes=True) for each in decisions],
    )


@router.get("/cases")
async def list_cases(
    moderator: Moderator,
    reader: ReadDep,
    origin: Origin | None = None,
    kind: CaseKind | None = None,
    community: Annotated[str | None, Query(pattern="^[a-z0-9_-]{3,30}$")] = None,
    severity: Annotated[int | None, Query(ge=0, le=3)] = None,
    language: Annotated[str | None, Query(pattern="^[a-z]{2,3}$")] = None,
    is_mine: bool = False,
    is_free: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Cases:
    """What waits for a moderator, what is due first. `is_mine`: what you took; `is_free`: what nobody took."""
    mine = moderator.customer_id if is_mine else None
    page = await cases.list_open(
        reader, Filter(origin, kind, community, severity, language, mine, is_free), cursor, limit
    )
    return Cases(items=[_out(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/cases/decided")
async def list_decided(_: Moderator, reader: ReadDep, cursor: Cursor = None, limit: Limit = 50) -> Cases:
    """What was decided, the latest first."""
    page = await cases.list_decided(reader, cursor, limit)
    return Cases(items=[_out(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/cases/{case_id}")
async def get_case(case_id: UUID, _: Moderator, reader: ReadDep) -> CaseDetail:
    """One case with what was said against the thing, and what was decided."""
    return await _detail(reader, case_id)


@router.put("/cases/{case_id}/assignee")
async def take(case_id: UUID, moderator: Moderator, session: SessionDep, is_forced: bool = False) -> CaseOut:
    """Make a case your own; `is_forced`: also out of another's hands."""
    return _out(await cases.take(session, moderator.customer_id, case_id, is_forced=is_forced))


@router.delete("/cases/{case_id}/assignee")
async def release(case_id: UUID, moderator: Moderator, session: SessionDep) -> CaseOut:
    """Give a case of yours back."""
    return _out(await cases.release(session, moderator.customer_id, case_id))


@router.post("/cases/{case_id}/decision", response_model=CaseDetail)
async def decide(case_id: UUID, body: RulingWrite, moderator: Moderator, key: IdempotencyDep) -> Response:
    """Decide a case. Whoever comes second is told with 409 what the first one did."""

    async def once(_: UUID) -> tuple[int, CaseDetail]:
        async with transaction() as session:
            await deciding.decide(session, moderator.customer_id, case_id, deciding.Ruling(**body.model_dump()))
            return 200, await _detail(session, case_id)

    return await key.run(once)


@router.post("/cases/decisions", response_model=BulkResult)
async def decide_many(body: BulkRuling, moderator: Moderator, key: IdempotencyDep) -> Response:
    """Decide up to 50 cases alike; those that cannot be are left as they are, with the reason."""

    async def once(_: UUID) -> tuple[int, BulkResult]:
        ruling = deciding.Ruling(**body.model_dump(exclude={"case_ids"}))
        async with transaction() as session:
            done, passed = await deciding.decide_many(session, moderator.customer_id, body.case_ids, ruling)
        return 200, BulkResult(decided=done, passed_over=passed)

    return await key.run(once)


@router.post("/decisions/{decision_id}/undo")
async def undo(decision_id: UUID, body: Undo, moderator: Moderator, session: SessionDep) -> CaseOut:
    """Take a decision back: its case is open again."""
    return _out(await deciding.undo(session, moderator.customer_id, decision_id, body.note))
