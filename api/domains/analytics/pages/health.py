"""Pages of data health and of the proof."""

import csv
import io
from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from api.core.auth import Principal, VisitorDep, require
from api.core.db import WarehouseDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.boards import places_of
from api.domains.analytics.schemas import ProofReport, ProofRow
from api.domains.analytics.service import health

router = Router(include_in_schema=False)
Reader = Annotated[Principal, Depends(require("figures.read"))]

PLACES = ("accepted", "kafka", "lake", "failed", "warehouse")


@router.get("/data")
async def show_health(request: Request, _visitor: VisitorDep, person: Reader, warehouse: WarehouseDep) -> Response:
    """How the data plane is now; before the first pipeline run a page that says so."""
    try:
        found = await health.health(warehouse)
    except ReportNotReady:
        return render(request, "data_health.html", health=None)
    return render(request, "data_health.html", health=found, places=places_of(person))


@router.get("/data/proof")
async def show_proof(
    request: Request, _visitor: VisitorDep, _: Reader, warehouse: WarehouseDep, at: datetime | None = None
) -> Response:
    """One proof by event type, and the ones before it."""
    try:
        found = await health.proof(warehouse, at)
        runs = (await health.health(warehouse)).proofs
    except ReportNotReady:
        return render(request, "data_health.html", health=None)
    topics = [(topic, list(rows)) for topic, rows in groupby(found.rows, lambda row: row.topic)]
    return render(
        request,
        "data_proof.html",
        proof=found,
        topics=topics,
        places=PLACES,
        totals={place: sum(getattr(row, place) for row in found.rows) for place in PLACES},
        runs=runs,
    )


@router.get("/data/proof.csv")
async def download_proof(
    _: Reader, warehouse: WarehouseDep, at: Annotated[datetime | None, Query(description="Of this time.")] = None
) -> Response:
    """The same as a file."""
    found = await health.proof(warehouse, at)
    headers = {"content-disposition": f'attachment; filename="proof-{found.proved_at:%Y%m%dT%H%M%SZ}.csv"'}
    return Response(_as_csv(found), media_type="text/csv", headers=headers)


def _as_csv(proof: ProofReport) -> str:
    content = io.StringIO()
    writer = csv.DictWriter(content, list(ProofRow.model_fields))
    writer.writeheader()
    writer.writerows(row.model_dump() for row in proof.rows)
    return content.getvalue()
