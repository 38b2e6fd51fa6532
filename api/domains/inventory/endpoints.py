"""Stock over HTTP: live for everybody, the proof of the books for operators."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.core.access import open_to_all
from api.core.auth import CurrentDep, Principal, require
from api.core.db import ReadDep, SessionDep, transaction
from api.core.idempotency import OptionalIdempotencyDep
from api.core.live import HEARTBEAT_SECONDS
from api.core.paging import Page
from api.core.routing import Router
from api.domains.catalog import facade as catalog
from api.domains.inventory.contracts import Level, Listed, Location, Reorder
from api.domains.inventory.errors import NoSuchVariant
from api.domains.inventory.schemas import (
    Adjustment,
    Delivery,
    Difference,
    LedgerEntry,
    LocationName,
    LocationWrite,
    ProductStock,
    Threshold,
    VariantStock,
)
from api.domains.inventory.service import alerts, live, shelves

router = Router(tags=["inventory"])
Reader = Annotated[Principal, Depends(require("stock.read"))]
Operator = Annotated[Principal, Depends(require("stock.manage"))]
ProductId = Annotated[int, Path(ge=1, lt=2**63)]
LocationPath = Annotated[LocationName, Path()]


@router.get("/v1/products/{product_id}/stock")
@open_to_all
async def product_stock(reader: ReadDep, product_id: ProductId) -> ProductStock:
    """Units that can be bought now."""
    await _find(reader, product_id)
    levels = (await shelves.available_of_products(reader, [product_id])).get(product_id, {})
    return _shown(product_id, levels)


@router.get(
    "/v1/products/{product_id}/stock/stream",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
@open_to_all
async def product_stock_stream(reader: ReadDep, product_id: ProductId) -> EventSourceResponse:
    """Server-sent events `stock`, each a product's stock as JSON: one at once, then one within 2 s of each change."""
    await _find(reader, product_id)
    live.HUB.refuse_when_full()

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for levels in live.HUB.watch(product_id):
            yield ServerSentEvent(event="stock", data=_shown(product_id, levels).model_dump_json())

    return EventSourceResponse(events(), ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"})


@router.get("/v1/operate/stock/differences")
async def differences(_: Reader, reader: ReadDep) -> list[Difference]:
    """Where stock is not the sum of its movements or of its claims: an empty list proves the books."""
    return [Difference.model_validate(each) for each in await shelves.stock_differences(reader)]


@router.get("/v1/operate/stock/{variant_id}/movements")
async def movements(
    _: Reader,
    reader: ReadDep,
    variant_id: ProductId,
    before: Annotated[int, Query(ge=1, lt=2**63)] = 2**63 - 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[LedgerEntry]:
    """The ledger of a variant, newest first; the last one's `movement_id` is the next page's `before`."""
    return [LedgerEntry.model_validate(each) for each in await shelves.movements(reader, variant_id, before, limit)]


@router.post("/v1/operate/stock/{variant_id}/receive", response_model=VariantStock)
async def receive(
    operator: Operator, variant_id: ProductId, body: Delivery, idempotency: OptionalIdempotencyDep
) -> Response:
    """A delivery comes on top of what is there; with an Idempotency-Key a repetition brings nothing."""

    async def operation(_: UUID) -> tuple[int, VariantStock]:
        async with transaction() as session:
            await _find_variant(session, variant_id)
            lines, who = [(variant_id, body.quantity)], operator.customer_id
            await shelves.receive(session, lines, body.location, body.cause, who)
            return 200, await _now(session, variant_id)

    return await idempotency.run(operation)


@router.post("/v1/operate/stock/{variant_id}/adjust", response_model=VariantStock)
async def adjust(
    operator: Operator, variant_id: ProductId, body: Adjustment, idempotency: OptionalIdempotencyDep
) -> Response:
    """The count was wrong. What orders and checkouts hold cannot be taken away: 409 `stock-below-claims` names them.

    With an Idempotency-Key a repetition changes nothing.
    """

    async def operation(_: UUID) -> tuple[int, VariantStock]:
        async with transaction() as session:
            await _find_variant(session, variant_id)
            who = operator.customer_id
            await shelves.adjust(session, variant_id, body.location, body.quantity_change, body.reason, who)
            return 200, await _now(session, variant_id)

    return await idempotency.run(operation)


@router.get("/v1/operate/stock")
async def list_stock(
    _: Reader,
    reader: ReadDep,
    query: Annotated[str, Query(max_length=200)] = "",
    show: Literal["all", "low", "out"] = "all",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[Listed]:
    """Stock by place, the scarcest first; `query` is an SKU or words of the title."""
    return await alerts.list_stock(reader, query, show, cursor, limit)


@router.get("/v1/operate/stock/reorder")
async def to_reorder(_: Reader, reader: ReadDep) -> list[Reorder]:
    """What is low, what it sells, and how many to order."""
    return await alerts.to_reorder(reader)


@router.get("/v1/operate/stock/{variant_id}")
async def stock_of(_: Reader, reader: ReadDep, variant_id: ProductId) -> list[Level]:
    """What lies where of one variant, with its thresholds."""
    return (await alerts.levels_of(reader, variant_id))[1]


@router.put("/v1/operate/stock/{variant_id}/thresholds/{location}", status_code=204)
async def set_threshold(
    operator: Operator, session: SessionDep, variant_id: ProductId, location: LocationPath, body: Threshold
) -> None:
    """From so many units down the seller is told, once per crossing."""
    await alerts.set_threshold(session, operator.customer_id, variant_id, location, body.low_at, body.lead_time_days)


@router.delete("/v1/operate/stock/{variant_id}/thresholds/{location}", status_code=204)
async def drop_threshold(
    operator: Operator, session: SessionDep, variant_id: ProductId, location: LocationPath
) -> None:
    """Watch it no longer."""
    await alerts.drop_threshold(session, operator.customer_id, variant_id, location)


@router.get("/v1/operate/locations")
async def list_locations(_: Reader, reader: ReadDep) -> list[Location]:
    """Where stock lies, in the order in which it is sold."""
    return await shelves.locations(reader)


@router.put("/v1/operate/locations/{location}")
async def put_location(
    operator: Operator, session: SessionDep, location: LocationPath, body: LocationWrite
) -> Location:
    """Make or change a place. One that is not active keeps its stock, but sells none of it."""
    made = Location(location, body.name, body.priority, body.is_active)
    await shelves.put_location(session, made, operator.customer_id)
    return made


@router.put("/v1/variants/{variant_id}/waiting", status_code=204)
async def wait_for(person: CurrentDep, session: SessionDep, variant_id: ProductId) -> None:
    """Be told when it is back in stock, in the order of asking; asking again keeps the place."""
    await alerts.wait_for(session, person.customer_id, variant_id)


@router.delete("/v1/variants/{variant_id}/waiting", status_code=204)
async def leave_line(person: CurrentDep, session: SessionDep, variant_id: ProductId) -> None:
    """Wait no longer."""
    await alerts.leave_line(session, person.customer_id, variant_id)


async def _find_variant(session: SessionDep, variant_id: int) -> None:
    if not await catalog.get_variants(session, [variant_id]):
        raise NoSuchVariant


async def _now(session: SessionDep, variant_id: int) -> VariantStock:
    units = await shelves.available(session, [variant_id])
    return VariantStock(variant_id=variant_id, available=units.get(variant_id, 0))


async def _find(reader: ReadDep, product_id: int) -> None:
    if not await catalog.get_products(reader, [product_id]):
        raise NoSuchVariant


def _shown(product_id: int, levels: live.Levels) -> ProductStock:
    variants = [VariantStock(variant_id=each, available=units) for each, units in sorted(levels.items())]
    return ProductStock(product_id=product_id, available=sum(levels.values()), variants=variants)
