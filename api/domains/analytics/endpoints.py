"""JSON of analytics."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import Depends, Query, Request, Response

from api.core.access import open_to_all
from api.core.auth import Principal, VisitorDep, require
from api.core.db import WarehouseDep
from api.core.http import read_body
from api.core.limits import limited
from api.core.routing import Router
from api.domains.analytics.domain.capture import MAX_BYTES
from api.domains.analytics.domain.periods import period_of
from api.domains.analytics.schemas import Batch, BatchAnswer, CapturedEvent, LiveFigure, LiveHalfHour, Overview
from api.domains.analytics.service import capture, live, reports
from api.domains.analytics.service.remembered import newest_build

router = Router(prefix="/v1", tags=["analytics"])
Executive = Annotated[Principal, Depends(require("figures.read"))]
# The body is read by hand: one bad event must not refuse its batch, and a model of the batch would cost more than all
# the rest of the request.
BATCH_SCHEMA = Batch.model_json_schema()
BATCH_SCHEMA["properties"]["events"]["items"] = CapturedEvent.model_json_schema()
del BATCH_SCHEMA["$defs"]
BATCH_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": BATCH_SCHEMA}}}}


@router.post("/events", status_code=202, response_model=BatchAnswer, openapi_extra=BATCH_BODY)
@open_to_all
@limited("read")
async def capture_events(request: Request, visitor: VisitorDep) -> Response:
    """Take a batch of behaviour events. Those accepted are safe; those refused are named with field and reason."""
    events = capture.parse_batch(await read_body(request, MAX_BYTES))
    accepted, refused = await capture.accept(events, visitor)
    body = orjson.dumps({"accepted": accepted, "refused": refused})
    return Response(body, status_code=202, media_type="application/json")


@router.get("/reports/overview")
async def get_overview(
    _: Executive, warehouse: WarehouseDep, days: Annotated[int, Query(ge=1, le=366)] = 28
) -> Overview:
    """Sales, customers, funnel and best sellers, as of the newest event in the warehouse."""
    build = await newest_build(warehouse)
    return await reports.overview(build, period_of(build.as_of.astimezone(UTC).date(), days))


@router.get("/reports/live")
async def get_live(_: Executive) -> LiveHalfHour:
    """The last half hour from the stream, each figure beside the warehouse's, with the time as of which both hold."""
    seen = await live.look()
    fields = ("key", "now", "is_about", "minutes", "warehouse", "week_before")
    return LiveHalfHour(
        since=seen.since,
        as_of=seen.as_of,
        is_stale=seen.is_stale(datetime.now(UTC)),
        warehouse_as_of=seen.warehouse_as_of,
        currency=seen.currency,
        figures=[LiveFigure(**{name: getattr(each, name) for name in fields}) for each in seen.figures],
    )
