"""JSON of catalog. Answers are written by orjson from rows; the schemas document them."""

import tempfile
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints

from api.core.access import open_to_all
from api.core.auth import CurrentDep, OptionalDep, Principal, require
from api.core.csrf import visitor_id
from api.core.db import ReadDep, SessionDep
from api.core.http import attachment, read_body_to
from api.core.idempotency import IdempotencyDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.catalog.contracts import (
    Facets,
    ReviewView,
    VariantForSale,
    VariantNew,
    Wanted,
)
from api.domains.catalog.domain import Sort
from api.domains.catalog.schemas import (
    Details,
    FileFormat,
    FileRun,
    FileRunPage,
    OperatedVariant,
    PriceWanted,
    ProductPage,
    Review,
    ReviewDecision,
    ReviewQueue,
    Reviews,
    ReviewVote,
    ReviewWrite,
    Suggestions,
    Variant,
    VariantCreate,
    VariantOptions,
    Variants,
    VariantState,
)
from api.domains.catalog.schemas import Product as ProductSchema
from api.domains.catalog.service import operating, products, reviews, search, variants
from api.domains.catalog.service.bulk import runs

router = Router(prefix="/v1", tags=["catalog"])

ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
Moderator = Annotated[Principal, Depends(require("reviews.moderate"))]
UPLOAD = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}, "description": "The file."}
}
FileName = Annotated[str, Query(min_length=1, max_length=200)]
Format = Annotated[FileFormat | None, Query(alias="format", description="By the name's ending if left out.")]
Value = Annotated[str, StringConstraints(max_length=100)]
Values = Annotated[list[Value], Query(max_length=20)]


async def wanted(
    query: Annotated[str, Query(max_length=200, description="Words; small typing errors are forgiven.")] = "",
    department: Annotated[Values, Query(description="Names or slugs; any of them.")] = [],  # noqa: B006 -- FastAPI's way
    category: Annotated[Values, Query(description="Names or slugs; any of them.")] = [],  # noqa: B006
    type: Annotated[Values, Query(description="Product types; any of them.")] = [],  # noqa: A002, B006
    brand: Values = [],  # noqa: B006
    price: Annotated[Values, Query(description="Ranges in minor units as the facet names them: `200-500`.")] = [],  # noqa: B006
    under: Annotated[str, Query(max_length=1010, description="A node of the tree: `clothing/dresses/maxi`.")] = "",
    attribute: Annotated[Values, Query(description="What is said of products: `Colour:Red`.")] = [],  # noqa: B006
) -> Wanted:
    """What narrows a list: values of one parameter are alternatives, different parameters all hold."""
    return Wanted(
        query, tuple(department), tuple(category), tuple(type), tuple(brand), tuple(price), under, tuple(attribute)
    )


WantedDep = Annotated[Wanted, Depends(wanted)]


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@router.get("/products", response_model=ProductPage)
@open_to_all
@limited("search")
async def list_products(
    request: Request,
    reader: ReadDep,
    person: OptionalDep,
    wanted: WantedDep,
    sort: Annotated[Sort | None, Query(description="By default relevance for a search, else popular.")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
) -> Response:
    """Search or browse products, a page at a time."""
    page = await search.search(reader, wanted, sort, cursor, limit)
    if wanted.query.strip() and not page.items and cursor is None:
        customer_id = person.customer_id if person else None
        search.note_gap(visitor_id(request), customer_id, wanted.query.strip())
    return _json({"items": page.items, "next_cursor": page.next_cursor})


@router.get("/facets", response_model=Facets)
@open_to_all
@limited("search")
async def list_facets(reader: ReadDep, wanted: WantedDep) -> Response:
    """How a list can be narrowed further: counts of each facet leave out its own filter."""
    return _json(await search.facets(reader, wanted))


@router.get("/products/{product_id}", response_model=ProductSchema)
@open_to_all
async def get_product(product_id: ProductId, reader: ReadDep) -> Response:
    """One product."""
    return _json(await products.get_product_row(reader, product_id))


@router.get("/products/{product_id}/details", response_model=Details)
@open_to_all
async def get_details(product_id: ProductId, reader: ReadDep) -> Response:
    """What a product's page says besides: its text, its attributes, where it stands in the tree."""
    return _json(await products.details(reader, await products.shown_product(reader, product_id)))


@router.get("/products/{product_id}/variants", response_model=Variants)
@open_to_all
async def list_variants(product_id: ProductId, reader: ReadDep) -> Response:
    """What can be bought of a product, and at which price."""
    await products.shown_product(reader, product_id)
    found = await variants.variants_of(reader, product_id)
    drops = await variants.price_drops(reader, [each.variant_id for each in found])
    rows = [
        {name: getattr(each, name) for name in Variant.model_fields if name != "lowest_before_minor"}
        | {"lowest_before_minor": drop.lowest_before_minor if (drop := drops.get(each.variant_id)) else None}
        for each in found
    ]
    return _json({"variants": rows})


@router.get("/suggestions", response_model=Suggestions)
@open_to_all
@limited("search")
async def suggest(reader: ReadDep, query: Annotated[str, Query(max_length=200)]) -> Response:
    """What somebody may mean who has begun to type; small typing errors are forgiven."""
    return _json({"suggestions": await search.suggest(reader, query)})


@router.post("/operate/imports", status_code=202, response_model=FileRun, openapi_extra=UPLOAD)
async def import_products(
    request: Request,
    operator: Operator,
    file_name: FileName = "products.csv",
    file_format: Format = None,
    dry_run: Annotated[bool, Query(description="Count, write nothing.")] = False,
) -> Response:
    """Queue the import of a product file, which is the body as it is. At most 200 MiB."""
    kind = runs.check_format(file_name, file_format)
    with tempfile.TemporaryFile() as file:
        size = await read_body_to(request, file, runs.LARGEST_FILE)
        run = await runs.ask_import(operator.customer_id, file, file_name, size, kind, dry_run)
    return Response(orjson.dumps(run), 202, media_type="application/json")


@router.post("/operate/exports", status_code=202, response_model=FileRun)
async def export_products(
    operator: Operator, file_format: Annotated[FileFormat, Query(alias="format")] = "csv"
) -> Response:
    """Queue a file of all products, which the import takes back unchanged."""
    run = await runs.ask_export(operator.customer_id, file_format)
    return Response(orjson.dumps(run), 202, media_type="application/json")


@router.get("/operate/imports", response_model=FileRunPage)
async def list_imports(
    _: Operator,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
) -> Response:
    """Imports and exports, newest first."""
    page = await runs.list_runs(reader, cursor, limit)
    return _json({"items": page.items, "next_cursor": page.next_cursor})


@router.get("/operate/imports/{run_id}", response_model=FileRun)
async def get_import(run_id: UUID, _: Operator, reader: ReadDep) -> Response:
    """One import or export: how far it is, and what came of it."""
    return _json(await runs.get_run(reader, run_id))


@router.get("/operate/imports/{run_id}/file", response_class=StreamingResponse, responses=FILE)
async def get_import_file(run_id: UUID, _: Operator, reader: ReadDep) -> Response:
    """The bad rows of an import, each with line, field and reason, or the exported file."""
    name, media_type, content = await runs.fetch(reader, run_id)
    return StreamingResponse(content, media_type=media_type, headers=attachment(name))


def _operated(variant: VariantForSale) -> dict[str, Any]:
    return {name: getattr(variant, name) for name in OperatedVariant.model_fields}


@router.post("/operate/products/{product_id}/variants", status_code=201, response_model=OperatedVariant)
async def add_variant(
    product_id: ProductId, request: VariantCreate, operator: Operator, idempotency: IdempotencyDep
) -> Response:
    """A further variant of a product. Needs an Idempotency-Key."""
    new = VariantNew(request.sku, request.options, request.price_minor, request.gtin)

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 201, _operated(await operating.add_variant(operator.customer_id, product_id, new))

    return await idempotency.run(operation)


@router.put("/operate/variants/{variant_id}/price", response_model=OperatedVariant)
async def change_price(variant_id: ProductId, request: PriceWanted, operator: Operator) -> Response:
    """A new price from now on; the one before stays in the history."""
    return _json(_operated(await operating.change_price(operator.customer_id, variant_id, request.price_minor)))


@router.put("/operate/variants/{variant_id}/options", response_model=OperatedVariant)
async def set_options(variant_id: ProductId, request: VariantOptions, operator: Operator) -> Response:
    """What sets a variant apart from the product's others; the first one may have options too."""
    return _json(_operated(await operating.set_options(operator.customer_id, variant_id, request.options)))


@router.put("/operate/variants/{variant_id}/state", response_model=OperatedVariant)
async def set_variant_state(variant_id: ProductId, request: VariantState, operator: Operator) -> Response:
    """Withdraw a further variant, or sell it again; the first one goes with its product."""
    return _json(_operated(await operating.set_variant_active(operator.customer_id, variant_id, request.is_active)))


def _review(view: ReviewView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in Review.model_fields}


@router.get("/products/{product_id}/reviews", response_model=Reviews)
@open_to_all
async def list_reviews(
    product_id: ProductId,
    reader: ReadDep,
    sort: reviews.Order = "helpful",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Published reviews of a product, and their average and histogram."""
    await products.shown_product(reader, product_id)
    page = await reviews.list_reviews(reader, product_id, sort, cursor, limit)
    summary = (await reviews.review_summary(reader, [product_id])).get(product_id)
    answer = {
        "count": summary.count if summary else 0,
        "average": summary.average if summary else None,
        "histogram": summary.histogram if summary else [0] * 5,
        "items": [_review(each) for each in page.items],
        "next_cursor": page.next_cursor,
    }
    return _json(answer)


@router.put("/products/{product_id}/review", response_model=Review)
@limited("post")
async def write_review(product_id: ProductId, body: ReviewWrite, person: CurrentDep, session: SessionDep) -> Response:
    """Review a product that reached you, or change what you said. It may be looked at before it is shown."""
    written = await reviews.write(session, person.customer_id, product_id, body.rating, body.title, body.body)
    return _json(_review(written))


@router.put("/reviews/{review_id}/vote", response_model=Review)
async def vote_for_review(review_id: UUID, body: ReviewVote, person: CurrentDep, session: SessionDep) -> Response:
    """Say that a review helped you, or take that back."""
    return _json(_review(await reviews.vote(session, person.customer_id, review_id, body.is_helpful)))


@router.get("/operate/reviews", response_model=ReviewQueue)
async def list_held_reviews(_: Moderator, reader: ReadDep) -> Response:
    """What waits to be looked at."""
    return _json({"items": [_review(each) for each in await reviews.queue(reader)]})


@router.put("/operate/reviews/{review_id}", response_model=Review)
async def decide_review(review_id: UUID, body: ReviewDecision, operator: Moderator, session: SessionDep) -> Response:
    """Publish a review or reject it."""
    decided = await reviews.decide(session, operator.customer_id, review_id, body.is_published, body.reason)
    return _json(_review(decided))
