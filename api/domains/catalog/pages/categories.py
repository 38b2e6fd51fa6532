"""The operator's page of the category tree: one level at a time, with what stands there."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader
from api.core.errors import AppError, Invalid
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.errors import CategoryExists, CategoryInUse
from api.domains.catalog.service import categories

router = Router(prefix="/operate/categories")
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
NodePath = Annotated[str, Form(max_length=1010, pattern="^([a-z0-9-]+(/[a-z0-9-]+){0,9})?$")]
Name = Annotated[str, Form(max_length=300)]


@router.get("")
async def show(
    request: Request,
    _visitor: VisitorDep,
    _: Operator,
    reader: ReadDep,
    path: Annotated[str, Query(max_length=1010)] = "",
) -> Response:
    """A node: where it stands, what is below it, how many products."""
    return await _page(request, reader, path)


@router.post("/add")
async def add(
    request: Request,
    operator: Operator,
    _visitor: VisitorDep,
    _: CsrfDep,
    reader: ReadDep,
    path: NodePath = "",
    name: Name = "",
) -> Response:
    """A node below this one."""
    try:
        await categories.add(operator.customer_id, path, name)
    except CategoryExists:
        return await _page(request, reader, path, name, {"name": "There is one with this address already."})
    except Invalid as error:
        return await _page(request, reader, path, name, {"name": _reason(error)})
    return _go(path)


@router.post("/rename")
async def rename(
    request: Request,
    operator: Operator,
    _visitor: VisitorDep,
    _: CsrfDep,
    reader: ReadDep,
    path: NodePath = "",
    name: Name = "",
) -> Response:
    """Another name at the same address."""
    try:
        await categories.rename(operator.customer_id, path, name)
    except Invalid as error:
        return await _page(request, reader, path, errors={"new_name": _reason(error)})
    return _go(path)


@router.post("/remove")
async def remove(
    request: Request, operator: Operator, _visitor: VisitorDep, _: CsrfDep, reader: ReadDep, path: NodePath = ""
) -> Response:
    """Take out an empty node; on to the one above it."""
    try:
        await categories.remove(operator.customer_id, path)
    except CategoryInUse:
        return await _page(request, reader, path, errors={"remove": "Something stands in it: move that first."})
    return _go(path.rpartition("/")[0])


async def _page(
    request: Request, reader: Reader, path: str, name: str = "", errors: dict[str, str] | None = None
) -> Response:
    branch = await categories.branch(reader, path)
    return render(
        request,
        "operate_categories.html",
        422 if errors else 200,
        path=path,
        node=branch.above[-1] if branch.above else None,
        branch=branch,
        typed=name,
        errors=errors or {},
    )


def _reason(error: AppError) -> str:
    reason: str = error.extra["errors"][0]["reason"]
    return reason[:1].upper() + reason[1:] + "."


def _go(path: str) -> Response:
    return RedirectResponse(f"/operate/categories?path={quote(path)}", status.HTTP_303_SEE_OTHER)
