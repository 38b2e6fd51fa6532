"""The operator's pages of product files: send one in, follow it, fetch what could not be taken; export everything."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.datastructures import UploadFile

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep
from api.core.errors import Invalid, TooLarge
from api.core.http import attachment
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.errors import LengthNeeded
from api.domains.catalog.service.bulk import runs
from api.domains.catalog.service.bulk.columns import COLUMNS

router = Router(include_in_schema=False)
Operator = Annotated[Principal, Depends(require("catalog.manage"))]

RUNS_SHOWN = 20
FORM_BYTES = 64 * 1024  # what surrounds the file in a form
MIB = 1024**2


async def bounded_form(request: Request, _: Operator) -> AsyncIterator[None]:
    """Refuse a form that is too large before any of it is read; close its file in the end.

    Raises LengthNeeded, TooLarge.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise LengthNeeded
    if int(length) > runs.LARGEST_FILE + FORM_BYTES:
        raise TooLarge(f"A file may have {runs.LARGEST_FILE // MIB} MiB.")
    try:
        yield
    finally:
        await request.close()


@router.get("/operate/imports")
async def show_imports(
    request: Request,
    _visitor: VisitorDep,
    _: Operator,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The form, and what was sent in before."""
    return await _page(request, reader, cursor)


# The length is checked before the form's token is, for that reads the whole form.
@router.post("/operate/imports", dependencies=[Depends(bounded_form)])
async def send_import(
    request: Request, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep
) -> Response:
    """Take a file in; Starlette has it on disk by now, not in memory."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, reader, errors={"file": "Choose a file."})
    try:
        kind = runs.check_format(file.filename, None)
        run = await runs.ask_import(
            operator.customer_id, file.file, file.filename, file.size or 0, kind, form.get("dry_run") == "yes"
        )
    except Invalid as error:
        wrong = error.extra["errors"][0]
        text = "The file is empty." if wrong["field"] == "file" else "The file's name must end with .csv or .parquet."
        return await _page(request, reader, errors={"file": text})
    return RedirectResponse(f"/operate/imports/{run.run_id}", status.HTTP_303_SEE_OTHER)


@router.post("/operate/exports")
async def ask_export(request: Request, operator: Operator, _: CsrfDep) -> Response:
    """Have all products written to a file."""
    kind = (await request.form()).get("format")
    run = await runs.ask_export(operator.customer_id, "parquet" if kind == "parquet" else "csv")
    return RedirectResponse(f"/operate/imports/{run.run_id}", status.HTTP_303_SEE_OTHER)


@router.get("/operate/imports/{run_id}")
async def show_import(request: Request, run_id: UUID, _visitor: VisitorDep, _: Operator, reader: ReadDep) -> Response:
    """One run: how far it is, and what came of it."""
    return render(request, "operate_import.html", run=await runs.get_run(reader, run_id))


@router.get("/operate/imports/{run_id}/file")
async def fetch_file(run_id: UUID, _: Operator, reader: ReadDep) -> Response:
    """The bad rows, or the exported file."""
    name, media_type, content = await runs.fetch(reader, run_id)
    return StreamingResponse(content, media_type=media_type, headers=attachment(name))


async def _page(
    request: Request, reader: ReadDep, cursor: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    page = await runs.list_runs(reader, cursor, RUNS_SHOWN)
    return render(
        request,
        "operate_imports.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        runs=page.items,
        next_href=f"/operate/imports?cursor={page.next_cursor}" if page.next_cursor else None,
        columns=COLUMNS,
        most=runs.LARGEST_FILE // MIB,
        errors=errors or {},
    )
