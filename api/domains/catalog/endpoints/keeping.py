"""JSON for operators: products in every state, and what may be said of each type."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Response

from api.core.auth import Principal, require
from api.core.db import ReadDep
from api.core.idempotency import IdempotencyDep
from api.core.routing import Router
from api.domains.catalog.contracts.keeping import AttributeDefinition, KeptProduct, ProductDraft, ProductState
from api.domains.catalog.schemas.keeping import (
    AttributeDefinitions,
    KeptProductOut,
    KeptProductPage,
    ProductCreate,
    ProductEdit,
    ProductWrite,
)
from api.domains.catalog.service import attributes, keeping

router = Router(prefix="/v1/operate", tags=["catalog"])

ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
TypeName = Annotated[str, Path(min_length=1, max_length=100)]


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def _draft(body: ProductWrite) -> ProductDraft:
    return ProductDraft(**body.model_dump(exclude={"sku", "currency", "version"}))


@router.get("/products", response_model=KeptProductPage)
async def list_kept_products(
    _: Operator,
    reader: ReadDep,
    query: Annotated[str, Query(max_length=200, description="Words of the title, an SKU or a number.")] = "",
    state: ProductState | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
) -> Response:
    """Products in every state, newest first."""
    page = await keeping.list_products(reader, query, state, cursor, limit)
    return _json({"items": [asdict(each) for each in page.items], "next_cursor": page.next_cursor})


@router.post("/products", status_code=201, response_model=KeptProductOut)
async def create_product(body: ProductCreate, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A new product, for sale at once or from its day. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        made: KeptProduct = await keeping.create(operator.customer_id, body.sku, _draft(body), body.currency)
        return 201, orjson.loads(orjson.dumps(asdict(made)))

    return await idempotency.run(operation)


@router.get("/products/{product_id}", response_model=KeptProductOut)
async def get_kept_product(product_id: ProductId, _: Operator, reader: ReadDep) -> Response:
    """One product, with the version that an edit must name."""
    return _json(asdict(await keeping.get(reader, product_id)))


@router.put("/products/{product_id}", response_model=KeptProductOut)
async def edit_product(product_id: ProductId, body: ProductEdit, operator: Operator) -> Response:
    """New data. 409 with what it is now when somebody changed the product since `version`."""
    return _json(asdict(await keeping.edit(operator.customer_id, product_id, body.version, _draft(body))))


@router.post("/products/{product_id}/archive", response_model=KeptProductOut)
async def archive_product(product_id: ProductId, operator: Operator) -> Response:
    """Take a product out of every list; past orders still show it. Once more does nothing."""
    return _json(asdict(await keeping.archive(operator.customer_id, product_id)))


@router.post("/products/{product_id}/restore", response_model=KeptProductOut)
async def restore_product(product_id: ProductId, operator: Operator) -> Response:
    """Bring an archived product back. Once more does nothing."""
    return _json(asdict(await keeping.restore(operator.customer_id, product_id)))


@router.get("/product-types/{product_type}/attributes", response_model=AttributeDefinitions)
async def list_attributes(product_type: TypeName, _: Operator, reader: ReadDep) -> Response:
    """What may be said of products of this type."""
    return _json({"attributes": [asdict(each) for each in await attributes.definitions(reader, product_type)]})


@router.put("/product-types/{product_type}/attributes", response_model=AttributeDefinitions)
async def define_attributes(product_type: TypeName, body: AttributeDefinitions, operator: Operator) -> Response:
    """Define them anew; what products have stays until they are edited."""
    wanted = [
        AttributeDefinition(each.name, each.kind, each.unit, tuple(each.choices), each.is_required)
        for each in body.attributes
    ]
    defined = await attributes.define(operator.customer_id, product_type, wanted)
    return _json({"attributes": [asdict(each) for each in defined]})
