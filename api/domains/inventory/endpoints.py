"""Stock over HTTP: live for everybody, the proof of the books for operators."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.core.access import open_to_all
from api.core.auth import Principal, require
from api.core.db import ReadDep, SessionDep
from api.domains.catalog import facade as catalog
from api.domains.inventory.errors import NoSuchVariant
from api.domains.inventory.schemas import Adjustment, Delivery, Difference, LedgerEntry, ProductStock, VariantStock
from api.domains.inventory.service import live, shelves

router = APIRouter(tags=["inventory"])
Reader = Annotated[Principal, Depends(require("stock.read"))]
Operator = Annotated[Principal, Depends(require("stock.manage"))]
ProductId = Annotated[int, Path(ge=1, lt=2**63)]

HEARTBEAT_SECONDS = 15


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
        async for levels in live.watch(product_id):
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


@router.post("/v1/operate/stock/{variant_id}/receive")
async def receive(operator: Operator, session: SessionDep, variant_id: ProductId, body: Delivery) -> VariantStock:
    """A delivery comes on top of what is there."""
    await _find_variant(session, variant_id)
    await shelves.receive(session, [(variant_id, body.quantity)], body.location, body.cause, operator.customer_id)
    return await _now(session, variant_id)


@router.post("/v1/operate/stock/{variant_id}/adjust")
async def adjust(operator: Operator, session: SessionDep, variant_id: ProductId, body: Adjustment) -> VariantStock:
    """The count was wrong. What orders and checkouts hold cannot be taken away: 409 `stock-below-claims` names them."""
    await _find_variant(session, variant_id)
    await shelves.adjust(session, variant_id, body.location, body.quantity_change, body.reason, operator.customer_id)
    return await _now(session, variant_id)


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
