"""Pages for operators: people with their roles, and the audit log."""

from typing import Annotated
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Depends, Form, Query, Request, Response

from api.core.access import PERMISSIONS
from api.core.audit import read_acts
from api.core.auth import CsrfDep, FreshDep, Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.pages.forms import go
from api.domains.identity.service import people

router = Router(prefix="/operate")
Manager = Annotated[Principal, Depends(require("people.manage"))]
Auditor = Annotated[Principal, Depends(require("audit.read"))]


@router.get("/people")
async def show_people(
    request: Request, manager: Manager, reader: ReadDep, query: Annotated[str, Query(max_length=254)] = ""
) -> Response:
    """Find people, give and take roles."""
    return render(
        request,
        "operate_people.html",
        people=await people.find(reader, query),
        query=query,
        roles={role: sorted(PERMISSIONS[role]) for role in people.GIVEN},
        own_id=manager.customer_id,
    )


@router.post("/people/{customer_id}/roles")
async def set_role(
    customer_id: UUID,
    operator: Manager,
    _f: FreshDep,
    _: CsrfDep,
    session: SessionDep,
    role: Annotated[str, Form(max_length=40)],
    is_given: Annotated[bool, Form()] = False,
) -> Response:
    """Give or take one role."""
    view = await people.set_role(session, operator.customer_id, customer_id, role, is_given)
    return go(f"/operate/people?query={quote(view.email)}")


@router.get("/audit")
async def show_audit_log(
    request: Request,
    _: Auditor,
    reader: ReadDep,
    actor_id: Annotated[str, Query(max_length=40)] = "",
    subject: Annotated[str, Query(max_length=100)] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Who did what to what."""
    try:
        actor = UUID(actor_id) if actor_id else None
    except ValueError:
        actor = UUID(int=0)  # nobody's
    page = await read_acts(reader, actor, subject.strip() or None, cursor)
    more = urlencode({"actor_id": actor_id, "subject": subject, "cursor": page.next_cursor or ""})
    next_href = f"/operate/audit?{more}" if page.next_cursor else None
    return render(
        request, "operate_audit.html", acts=page.items, actor_id=actor_id, subject=subject, next_href=next_href
    )
