"""JSON for operators: people, their roles, and the log of what was done."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from api.core.audit import Act, read_acts
from api.core.auth import FreshDep, Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.paging import Page
from api.core.routing import Router
from api.domains.identity.contracts import CustomerView
from api.domains.identity.service import people

router = Router(prefix="/v1/operate", tags=["operate: people"])
Manager = Annotated[Principal, Depends(require("people.manage"))]
Auditor = Annotated[Principal, Depends(require("audit.read"))]
Role = Annotated[str, Path(max_length=40)]


@router.get("/people")
async def find_people(
    _: Manager, reader: ReadDep, query: Annotated[str, Query(max_length=254)] = ""
) -> list[CustomerView]:
    """People by the beginning of their e-mail address or by id; without a query those who have roles."""
    return await people.find(reader, query)


@router.put("/people/{customer_id}/roles/{role}")
async def give_role(customer_id: UUID, role: Role, operator: Manager, _: FreshDep, session: SessionDep) -> CustomerView:
    """Give a role."""
    return await people.set_role(session, operator.customer_id, customer_id, role, is_given=True)


@router.delete("/people/{customer_id}/roles/{role}")
async def take_role(customer_id: UUID, role: Role, operator: Manager, _: FreshDep, session: SessionDep) -> CustomerView:
    """Take a role."""
    return await people.set_role(session, operator.customer_id, customer_id, role, is_given=False)


@router.get("/audit")
async def read_audit_log(
    _: Auditor,
    reader: ReadDep,
    actor_id: UUID | None = None,
    subject: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[Act]:
    """Who did what to what, the newest first."""
    return await read_acts(reader, actor_id, subject, cursor, limit)
