"""JSON of collections: as shoppers see them, and as operators keep them."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Response

from api.core.access import open_to_all
from api.core.auth import Principal, require
from api.core.db import ReadDep
from api.core.idempotency import IdempotencyDep
from api.core.routing import Router
from api.domains.catalog.contracts.keeping import CollectionDraft
from api.domains.catalog.schemas import Product
from api.domains.catalog.schemas.keeping import (
    CollectionEdit,
    CollectionList,
    CollectionOut,
    CollectionWrite,
    ShownCollection,
)
from api.domains.catalog.service import collections

router = Router(prefix="/v1", tags=["catalog"])
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
CollectionId = Annotated[int, Path(gt=0, lt=2**63)]


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def _draft(body: CollectionWrite) -> CollectionDraft:
    return CollectionDraft(body.title, body.description, body.is_active, tuple(body.product_ids))


@router.get("/collections/{slug}", response_model=ShownCollection)
@open_to_all
async def get_collection(slug: Annotated[str, Path(max_length=200)], reader: ReadDep) -> Response:
    """A collection and what is for sale of it, in its order."""
    found, products = await collections.shown_collection(reader, slug)
    shown = [{name: getattr(each, name) for name in Product.model_fields} for each in products]
    answer = {"slug": found.slug, "title": found.title, "description": found.description, "products": shown}
    return _json(answer)


@router.get("/operate/collections", response_model=CollectionList)
async def list_collections(_: Operator, reader: ReadDep) -> Response:
    """All of them, by title."""
    return _json({"items": [asdict(each) for each in await collections.list_collections(reader)]})


@router.post("/operate/collections", status_code=201, response_model=CollectionOut)
async def create_collection(body: CollectionWrite, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A new collection; its address comes from its title and stays. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 201, asdict(await collections.create(operator.customer_id, _draft(body)))

    return await idempotency.run(operation)


@router.put("/operate/collections/{collection_id}", response_model=CollectionOut)
async def edit_collection(collection_id: CollectionId, body: CollectionEdit, operator: Operator) -> Response:
    """New words and products. 409 with what it is now when somebody changed it since `version`."""
    return _json(asdict(await collections.edit(operator.customer_id, collection_id, body.version, _draft(body))))
