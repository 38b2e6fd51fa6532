"""The policies of the house, for everybody; and the form of those who keep them."""

import re
from typing import Annotated

from fastapi import Depends, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.access import open_to_all, permits
from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import Invalid
from api.core.rendering import render
from api.core.routing import Router
from api.domains.moderation.domain.differences import differences
from api.domains.moderation.errors import PolicyChanged, PolicyNotFound
from api.domains.moderation.schemas import NAME
from api.domains.moderation.service import policies

router = Router()
Keeper = Annotated[Principal, Depends(require("policies.manage"))]
Slug = Annotated[str, Path(pattern=NAME)]
Version = Annotated[int | None, Query(ge=1, lt=2**31 - 1)]
Text = Annotated[str, Form(max_length=100_000)]
SEVERITIES = {3: "Within an hour", 2: "Within eight hours", 1: "Within a day", 0: "Within three days"}
FIELDS = ("title", "body", "severity", "change_note")


@router.get("/policies")
@open_to_all
async def show_policies(request: Request, visitor: VisitorDep, reader: ReadDep) -> Response:
    """Every policy as it holds."""
    found = await policies.list_policies(reader)
    may_write = permits(visitor.roles, "policies.manage")
    return render(request, "policies.html", policies=found, may_write=may_write)


@router.get("/policies/{slug}")
@open_to_all
async def show_policy(
    request: Request, slug: Slug, visitor: VisitorDep, reader: ReadDep, version: Version = None, against: Version = None
) -> Response:
    """One policy as it holds, or as it was; `against`: what changed since that version."""
    found = await policies.versions(reader, slug)
    by_version = {each.version: each for each in found}
    shown = by_version.get(version or found[0].version)
    before = by_version.get(against) if against else None
    if shown is None or (against and before is None):
        raise PolicyNotFound
    return render(
        request,
        "policy.html",
        policy=shown,
        newest=found[0],
        versions=found,
        html=policies.to_html(shown.body),
        before=before,
        changes=differences(before.body, shown.body) if before else [],
        may_write=permits(visitor.roles, "policies.manage"),
    )


@router.get("/operate/policies/new")
async def show_new(request: Request, _visitor: VisitorDep, _: Keeper, reader: ReadDep) -> Response:
    """An empty form."""
    return await _form(request, reader, "", {}, {})


@router.post("/operate/policies/new")
async def add(
    request: Request,
    _visitor: VisitorDep,
    keeper: Keeper,
    _: CsrfDep,
    session: SessionDep,
    title: Text = "",
    body: Text = "",
    severity: Text = "1",
    change_note: Text = "",
) -> Response:
    """A new policy; or the form again with what is wrong. Its address is made of its title."""
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:50].strip("-")
    typed = {"title": title, "body": body, "severity": severity, "change_note": change_note}
    if not re.fullmatch(NAME, slug) or slug == "new":
        wrong = {"title": "Begin with a letter; two characters at least."}
        return await _form(request, session, "", typed, wrong, 422)
    return await _keep(request, session, keeper, slug, typed)


@router.get("/operate/policies/{slug}")
async def show_writing(request: Request, slug: Slug, _visitor: VisitorDep, _: Keeper, reader: ReadDep) -> Response:
    """The form of a policy's next version."""
    return await _form(request, reader, slug, {}, {})


@router.post("/operate/policies/{slug}")
async def write(
    request: Request,
    slug: Slug,
    _visitor: VisitorDep,
    keeper: Keeper,
    _: CsrfDep,
    session: SessionDep,
    was_version: Annotated[int, Form(ge=1, lt=2**31 - 1)],
    body: Text = "",
    severity: Text = "1",
    change_note: Text = "",
) -> Response:
    """The next version; or the form again with what is wrong."""
    title = (await policies.versions(session, slug))[0].title
    typed = {"title": title, "body": body, "severity": severity, "change_note": change_note}
    return await _keep(request, session, keeper, slug, typed, was_version)


async def _keep(
    request: Request,
    session: AsyncSession,
    keeper: Principal,
    slug: str,
    typed: dict[str, str],
    was_version: int = 0,
) -> Response:
    known = slug if was_version else ""
    severity = int(typed["severity"]) if typed["severity"] in ("0", "1", "2", "3") else 1
    words = {each: typed[each] for each in ("title", "body", "change_note")}
    try:
        await policies.publish(session, keeper.customer_id, slug, severity=severity, was_version=was_version, **words)
    except Invalid as error:
        wrong = {str(each["field"]): f"This {each['reason']}." for each in error.extra["errors"]}
        return await _form(request, session, known, typed, wrong, 422)
    except PolicyChanged as error:
        wrong = {"form": f"{error.title}."} if known else {"title": "There is a policy of this title."}
        return await _form(request, session, known, typed, wrong, 409)
    return RedirectResponse(f"/policies/{slug}", status.HTTP_303_SEE_OTHER)


async def _form(
    request: Request, reader: Reader, slug: str, typed: dict[str, str], errors: dict[str, str], code: int = 200
) -> Response:
    """The form as it was typed, or as the policy stands. Raises PolicyNotFound."""
    newest = (await policies.versions(reader, slug))[0] if slug else None
    standing = {each: str(getattr(newest, each, "")) if each != "change_note" else "" for each in FIELDS}
    return render(
        request,
        "operate_policy.html",
        code,
        newest=newest,
        typed=standing | typed,
        errors=errors,
        severities=SEVERITIES,
    )
