"""JSON of catalog. Answers are written by orjson from rows; the schemas document them."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import StringConstraints

from api.core.db import ReadDep
from api.domains.catalog.contracts import Facets, Wanted
from api.domains.catalog.domain import Sort
from api.domains.catalog.schemas import CategoryTree, ProductPage, Suggestions, Variant, Variants
from api.domains.catalog.schemas import Product as ProductSchema
from api.domains.catalog.service import products, search, variants

router = APIRouter(prefix="/v1", tags=["catalog"])

ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Value = Annotated[str, StringConstraints(max_length=100)]
Values = Annotated[list[Value], Query(max_length=20)]


def wanted(
    query: Annotated[str, Query(max_length=200, description="Words; small typing errors are forgiven.")] = "",
    department: Annotated[Values, Query(description="Names or slugs; any of them.")] = [],  # noqa: B006 -- FastAPI's way
    category: Annotated[Values, Query(description="Names or slugs; any of them.")] = [],  # noqa: B006
    type: Annotated[Values, Query(description="Product types; any of them.")] = [],  # noqa: A002, B006
    brand: Values = [],  # noqa: B006
    price: Annotated[Values, Query(description="Ranges in minor units as the facet names them: `200-500`.")] = [],  # noqa: B006
) -> Wanted:
    """What narrows a list: values of one parameter are alternatives, different parameters all hold."""
    return Wanted(query, tuple(department), tuple(category), tuple(type), tuple(brand), tuple(price))


WantedDep = Annotated[Wanted, Depends(wanted)]


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@router.get("/products", response_model=ProductPage)
async def list_products(
    reader: ReadDep,
    wanted: WantedDep,
    sort: Annotated[Sort | None, Query(description="By default relevance for a search, else popular.")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
) -> Response:
    """Search or browse products, a page at a time."""
    page = await search.search(reader, wanted, sort, cursor, limit)
    return _json({"items": page.items, "next_cursor": page.next_cursor})


@router.get("/facets", response_model=Facets)
async def list_facets(reader: ReadDep, wanted: WantedDep) -> Response:
    """How a list can be narrowed further: counts of each facet leave out its own filter."""
    return _json(await search.facets(reader, wanted))


@router.get("/products/{product_id}", response_model=ProductSchema)
async def get_product(product_id: ProductId, reader: ReadDep) -> Response:
    """One product."""
    return _json(await products.get_product_row(reader, product_id))


@router.get("/products/{product_id}/variants", response_model=Variants)
async def list_variants(product_id: ProductId, reader: ReadDep) -> Response:
    """What can be bought of a product, and at which price."""
    found = await variants.variants_of(reader, product_id)
    drops = await variants.price_drops(reader, [each.variant_id for each in found])
    rows = [
        {name: getattr(each, name) for name in Variant.model_fields if name != "lowest_before_minor"}
        | {"lowest_before_minor": drop.lowest_before_minor if (drop := drops.get(each.variant_id)) else None}
        for each in found
    ]
    return _json({"variants": rows})


@router.get("/suggestions", response_model=Suggestions)
async def suggest(reader: ReadDep, query: Annotated[str, Query(max_length=200)]) -> Response:
    """What somebody may mean who has begun to type; small typing errors are forgiven."""
    return _json({"suggestions": await search.suggest(reader, query)})


@router.get("/categories", response_model=CategoryTree)
async def list_categories(reader: ReadDep) -> Response:
    """Departments and their categories, each with its number of products."""
    return _json({"departments": await products.departments(reader)})
