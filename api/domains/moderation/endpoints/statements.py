"""JSON of statements of reasons, for those to whom they were made."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.core.auth import CurrentDep
from api.core.db import ReadDep, transaction
from api.core.idempotency import IdempotencyDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.moderation.contracts.cases import Statement
from api.domains.moderation.schemas import AppealWrite, Data, StatementOut, Statements
from api.domains.moderation.service import people, statements

router = Router(prefix="/v1/account/statements")


def _out(stated: Statement) -> StatementOut:
    return StatementOut.model_validate(stated, from_attributes=True)


@router.get("")
async def list_statements(
    person: CurrentDep,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Statements:
    """What was decided against you and why, the latest first; and what weighs on you now."""
    page = await statements.list_own(reader, person.customer_id, cursor, limit)
    now = await people.standing(reader, person.customer_id)
    return Statements(
        items=[_out(each) for each in page.items],
        next_cursor=page.next_cursor,
        points=now.points,
        suspended_until=now.suspended_until,
    )


@router.get("/data")
async def get_data(person: CurrentDep, reader: ReadDep) -> Data:
    """All that moderation holds on you: cases, reports, statements, sanctions, what rules said, browsers."""
    return Data.model_validate(await people.held_on(reader, person.customer_id), from_attributes=True)


@router.get("/{statement_id}")
async def get_statement(statement_id: UUID, person: CurrentDep, reader: ReadDep) -> StatementOut:
    """One of them."""
    return _out(await statements.get_own(reader, person.customer_id, statement_id))


@router.post("/{statement_id}/appeal", status_code=201, response_model=StatementOut)
@limited("post")
async def appeal(statement_id: UUID, body: AppealWrite, person: CurrentDep, key: IdempotencyDep) -> Response:
    """Appeal, once. Somebody else than the first time decides."""

    async def once(_: UUID) -> tuple[int, StatementOut]:
        async with transaction() as session:
            return 201, _out(await statements.appeal(session, person.customer_id, statement_id, body.words))

    return await key.run(once)
