"""The operator's page of product types: which attributes products of a type have, and in which form."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, get_args
from urllib.parse import quote

from fastapi import Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader
from api.core.errors import Invalid, validation_errors
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.contracts.keeping import AttributeDefinition
from api.domains.catalog.schemas.keeping import AttributeDefinitions, AttributeKind
from api.domains.catalog.service import attributes

router = Router(prefix="/operate/types")
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
TypeName = Annotated[str, Query(max_length=100)]
EMPTY_ROWS = 3
FIELDS = ("name", "kind", "unit", "choices", "is_required")
LONGEST = 8000


@router.get("")
async def show(
    request: Request, _visitor: VisitorDep, _: Operator, reader: ReadDep, product_type: TypeName = ""
) -> Response:
    """All types with their numbers of products, or one type's attributes in a form."""
    rows = [_filled(each) for each in await attributes.definitions(reader, product_type)] if product_type else []
    return await _page(request, reader, product_type, rows)


@router.post("")
async def define(
    request: Request, operator: Operator, _visitor: VisitorDep, _: CsrfDep, reader: ReadDep, product_type: TypeName
) -> Response:
    """The type's attributes from now on; rows without a name are left out."""
    rows = _typed(await request.form())
    body = {"attributes": [_values(row) for row in rows]}
    try:
        defined = AttributeDefinitions.model_validate(body).attributes
        wanted = [AttributeDefinition(**each.model_dump() | {"choices": tuple(each.choices)}) for each in defined]
        await attributes.define(operator.customer_id, product_type, wanted)
    except ValidationError as error:
        return await _page(request, reader, product_type, rows, _said(rows, validation_errors(error.errors())))
    except Invalid as error:
        return await _page(request, reader, product_type, rows, _said(rows, error.extra["errors"]))
    return RedirectResponse(f"/operate/types?product_type={quote(product_type)}", status.HTTP_303_SEE_OTHER)


def _typed(form: FormData) -> list[dict[str, str]]:
    """The rows of the form that have a name, as they stand there."""
    columns = {name: [str(value)[:LONGEST] for value in form.getlist(name)] for name in FIELDS}
    count = max(map(len, columns.values()))
    padded = {name: values + [""] * (count - len(values)) for name, values in columns.items()}
    rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*padded.values(), strict=True)]
    return [row for row in rows if row["name"].strip()]


def _values(row: dict[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"].strip(),
        "kind": row["kind"],
        "unit": row["unit"].strip() or None,
        "choices": [choice.strip() for choice in row["choices"].split(",") if choice.strip()],
        "is_required": row["is_required"] == "yes",
    }


def _filled(each: AttributeDefinition) -> dict[str, str]:
    row = {name: str(value or "") for name, value in asdict(each).items() if name in FIELDS}
    return row | {"choices": ", ".join(each.choices), "is_required": "yes" if each.is_required else ""}


def _said(rows: Sequence[dict[str, str]], errors: Sequence[dict[str, str]]) -> list[str]:
    """What is wrong, each with the name of its row: `attributes.2.unit`, or `attributes.Colour`."""
    said = []
    for error in errors:
        place = error["field"].partition(".")[2].partition(".")[0]
        name = rows[int(place)]["name"] if place.isdigit() and int(place) < len(rows) else place
        said.append(f"{name}: {error['reason']}." if name else f"{error['reason']}.".capitalize())
    return said


async def _page(
    request: Request, reader: Reader, product_type: str, rows: list[dict[str, str]], wrong: Sequence[str] = ()
) -> Response:
    return render(
        request,
        "operate_types.html",
        422 if wrong else 200,
        product_type=product_type,
        rows=rows + [dict.fromkeys(FIELDS, "") for _ in range(EMPTY_ROWS)],
        kinds=get_args(AttributeKind),
        wrong=wrong,
        types=[] if product_type else await attributes.types(reader),
    )
