"""Pages of stock: the operator's shelves, and the line of who waits for something."""

from hashlib import sha256
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import CsrfDep, CurrentDep, Principal, require
from api.core.db import ReadDep, SessionDep, transaction
from api.core.errors import AppError, validation_errors
from api.core.idempotency import run_once
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog import facade as catalog
from api.domains.inventory.contracts import Location
from api.domains.inventory.schemas import Adjustment, Delivery, LocationName, LocationWrite, Threshold
from api.domains.inventory.service import alerts, shelves

router = Router(include_in_schema=False)
Reader = Annotated[Principal, Depends(require("stock.read"))]
Operator = Annotated[Principal, Depends(require("stock.manage"))]
VariantId = Annotated[int, Path(ge=1, lt=2**63)]
KINDS = {"all": "All", "low": "Low", "out": "Sold out"}
Text = Annotated[str, Form(max_length=200)]
LAST = 2**63 - 1
LOCATION_NAME: TypeAdapter[str] = TypeAdapter(LocationName)


def _go(path: str) -> Response:
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER)


@router.get("/operate/stock")
async def show_stock(
    request: Request,
    _: Reader,
    reader: ReadDep,
    query: Annotated[str, Query(max_length=200)] = "",
    show: Annotated[str, Query(max_length=10)] = "all",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The shelves, the scarcest first, and what to order."""
    kind = show if show in KINDS else "all"
    page = await alerts.list_stock(reader, query, kind, cursor)
    more = urlencode({"query": query, "show": kind, "cursor": page.next_cursor or ""})
    return render(
        request,
        "operate_stock.html",
        rows=page.items,
        reorder=[] if query or cursor else await alerts.to_reorder(reader),
        query=query,
        show=kind,
        kinds=KINDS,
        next_href=f"/operate/stock?{more}" if page.next_cursor else None,
    )


@router.get("/operate/stock/locations")
async def show_locations(request: Request, _: Reader, reader: ReadDep) -> Response:
    """Where stock lies."""
    return render(request, "operate_locations.html", locations=await shelves.locations(reader), errors={}, typed={})


@router.post("/operate/stock/locations")
async def put_location(request: Request, operator: Operator, _: CsrfDep, session: SessionDep) -> Response:
    """Make or change a place."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip()[:200] for name in ("location", "name", "priority")}
    is_active = "is_active" in form
    try:
        written = LocationWrite.model_validate(
            {"name": typed["name"], "priority": typed["priority"] or 100, "is_active": is_active}
        )
        name = LOCATION_NAME.validate_python(typed["location"])
    except ValidationError as problem:
        errors = {each["field"]: each["reason"] for each in validation_errors(problem.errors())}
        if "body" in errors:  # the short name alone
            errors = {"location": "Use small letters, digits and dashes, such as north-2."}
    else:
        made = Location(name, written.name, written.priority, written.is_active)
        await shelves.put_location(session, made, operator.customer_id)
        return _go("/operate/stock/locations")
    found = await shelves.locations(session)
    code = status.HTTP_422_UNPROCESSABLE_CONTENT
    return render(request, "operate_locations.html", code, locations=found, errors=errors, typed=typed)


@router.get("/operate/stock/{variant_id}")
async def show_variant(request: Request, variant_id: VariantId, _: Reader, reader: ReadDep) -> Response:
    """What lies where of one variant, its thresholds and its ledger."""
    return await _page(request, variant_id, reader)


@router.post("/operate/stock/{variant_id}")
async def change_stock(
    request: Request,
    variant_id: VariantId,
    operator: Operator,
    _: CsrfDep,
    session: SessionDep,
    act: Annotated[str, Form(max_length=20)],
    location: Text,
    units: Text = "",
    reason: Text = "",
    lead_time_days: Text = "7",
    form_id: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take in a delivery, mend a count, or set from where it is low; a form that is sent twice does it once."""
    typed = {"act": act, "location": location, "units": units, "reason": reason, "lead_time_days": lead_time_days}
    try:
        await alerts.levels_of(session, variant_id)
        refusal = await _change_once(form_id or str(uuid4()), variant_id, operator, typed)
        wrong = {"form": refusal} if refusal else {}
    except ValidationError as problem:
        wrong = {each["field"]: each["reason"] for each in validation_errors(problem.errors())}
    except AppError as error:
        wrong = {"form": error.detail or error.title}
    if not wrong:
        return _go(f"/operate/stock/{variant_id}")
    return await _page(request, variant_id, session, wrong, typed)


async def _change_once(form_id: str, variant_id: int, operator: Principal, typed: dict[str, str]) -> str | None:
    """What is refused about it, if anything. Raises ValidationError, KeyReused and KeyInFlight."""

    async def operation(_: UUID) -> tuple[int, dict[str, str]]:
        async with transaction() as session:
            await _change(session, variant_id, operator, typed)
        return 200, {}

    fingerprint = sha256(orjson.dumps(typed)).digest()
    route = f"POST /operate/stock/{variant_id}"
    answer = await run_once(str(operator.customer_id), route, form_id, fingerprint, operation)
    if answer.status < 400:
        return None
    problem = orjson.loads(answer.body)
    return str(problem.get("detail") or problem["title"])


async def _change(session: AsyncSession, variant_id: int, operator: Principal, typed: dict[str, str]) -> None:
    place, units, who = typed["location"], typed["units"], operator.customer_id
    if typed["act"] == "receive":
        came = Delivery.model_validate({"quantity": units, "location": place, "cause": typed["reason"] or None})
        await shelves.receive(session, [(variant_id, came.quantity)], came.location, came.cause, who)
    elif typed["act"] == "adjust":
        count = Adjustment.model_validate({"quantity_change": units, "location": place, "reason": typed["reason"]})
        await shelves.adjust(session, variant_id, count.location, count.quantity_change, count.reason, who)
    else:
        low = Threshold.model_validate({"low_at": units, "lead_time_days": typed["lead_time_days"]})
        await alerts.set_threshold(session, who, variant_id, place, low.low_at, low.lead_time_days)


async def _page(
    request: Request,
    variant_id: int,
    reader: ReadDep | SessionDep,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    variant, levels = await alerts.levels_of(reader, variant_id)
    return render(
        request,
        "operate_variant_stock.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        variant=variant,
        levels=levels,
        locations=await shelves.locations(reader),
        movements=await shelves.movements(reader, variant_id, LAST, 50),
        errors=errors or {},
        typed=typed or {},
        form_id=str(uuid4()),
    )


@router.post("/p/{variant_id}/waiting")
async def wait_for(
    variant_id: VariantId, person: CurrentDep, _: CsrfDep, session: SessionDep, leave: Annotated[bool, Form()] = False
) -> Response:
    """Stand in line for a product that is sold out, or leave it."""
    if leave:
        await alerts.leave_line(session, person.customer_id, variant_id)
    else:
        await alerts.wait_for(session, person.customer_id, variant_id)
    variant = (await catalog.get_variants(session, [variant_id])).get(variant_id)
    return _go(f"/p/{variant.product_id}?variant={variant_id}" if variant else "/")
