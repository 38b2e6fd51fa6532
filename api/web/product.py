"""One product: what it is, what it costs, whether it is there, and what goes with it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.access import open_to_all
from api.core.auth import Visitor, VisitorDep
from api.core.db import ReadDep
from api.core.errors import NotFound
from api.core.rendering import render
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ImageView, ProductView, ReviewSummary
from api.domains.inventory import facade as inventory
from api.domains.recommendations import facade as recommendations
from api.web.shelves import SHELF, Shelf
from api.web.tracking import recommendation, track
from ingestion.contracts.analytics import ProductViewed

router = APIRouter(include_in_schema=False)
REVIEWS_SHOWN = 5
SIMILAR, SIMILAR_ITEMS = "Similar", "Similar items"


@router.get("/p/{address}")
@open_to_all
async def product(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    background: BackgroundTasks,
    address: Annotated[str, Path(max_length=400)],
    rec: Annotated[str | None, Query(max_length=64)] = None,
    reviews: Literal["helpful", "new"] = "helpful",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The page of `/p/<id>-<slug>`; any other slug leads to the right one."""
    product_id = _product_id(address)
    try:
        shown = await catalog.shown_product(reader, product_id)
    except catalog.ProductArchived:
        return await _gone(request, reader, product_id)
    if address != f"{shown.product_id}-{shown.slug}":
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/p/{shown.product_id}-{shown.slug}{query}", status_code=301)
    available = (await inventory.available(reader, [shown.product_id])).get(shown.product_id, 0)
    drop = (await catalog.price_drops(reader, [shown.product_id])).get(shown.product_id)
    summary = (await catalog.review_summary(reader, [shown.product_id])).get(shown.product_id)
    shelves = await _shelves(reader, visitor, shown)
    images = await catalog.images_of(reader, shown.product_id) if shown.image else []
    led_by = recommendation(rec)
    seen = ProductViewed(
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        product_id=shown.product_id,
        recommendation_id=led_by,
    )
    track(request, background, seen)
    return render(
        request,
        "product.html",
        product=shown,
        images=images,
        available=available,
        is_waiting=available == 0
        and visitor.customer_id is not None
        and await inventory.is_waiting(reader, visitor.customer_id, shown.product_id),
        drop=drop,
        rec=led_by,
        shelves=shelves,
        facts=_facts(shown),
        json_ld=_json_ld(request, shown, available, summary) | _pictures(request, images),
        summary=summary,
        review_order=reviews,
        reviews=await catalog.list_reviews(reader, shown.product_id, reviews, after, REVIEWS_SHOWN)
        if summary
        else None,
        **await _own_review(reader, visitor, shown.product_id),
    )


async def _gone(request: Request, reader: AsyncConnection, product_id: int) -> Response:
    """The page of an archived product: that it is gone, and what is like it."""
    was = await catalog.get_product(reader, product_id)
    return render(request, "gone.html", 410, product=was, similar=await catalog.similar(reader, product_id, SHELF))


async def _own_review(reader: AsyncConnection, visitor: Visitor, product_id: int) -> dict[str, Any]:
    """Whether the visitor may review the product, and what they wrote about it."""
    if visitor.customer_id is None or not await catalog.may_review(reader, product_id, visitor.customer_id):
        return {"may_review": False, "own_review": None}
    return {"may_review": True, "own_review": await catalog.own_review(reader, product_id, visitor.customer_id)}


def _pictures(request: Request, images: list[ImageView]) -> dict[str, list[str]]:
    """The pictures' whole addresses, for search engines and whoever the page is sent to."""
    base = str(request.base_url).rstrip("/")
    return {"image": [f"{base}/media/{image.digest}/960.webp" for image in images]} if images else {}


def _product_id(address: str) -> int:
    number = address.partition("-")[0]
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 2**63:
        raise NotFound
    return int(number)


async def _shelves(reader: AsyncConnection, visitor: Visitor, shown: ProductView) -> list[Shelf]:
    """A shelf per reason: what is bought in one order with this product, and what is like it."""
    answer = await recommendations.recommend(reader, "product", visitor, product_id=shown.product_id, limit=SHELF * 2)
    products = await catalog.get_products(reader, [item.product_id for item in answer.items], with_inactive=False)
    groups: dict[str, list[ProductView]] = {}
    for item in answer.items:
        if item.product_id in products:
            groups.setdefault(item.reason, []).append(products[item.product_id])
    found = sorted(groups.items(), key=lambda pair: not pair[0].startswith(SIMILAR))
    return [
        Shelf(SIMILAR_ITEMS if reason.startswith(SIMILAR) else reason, group[:SHELF], answer.recommendation_id)
        for reason, group in found
    ]


def _facts(shown: ProductView) -> list[tuple[str, str | None]]:
    brand = "Own brand" if shown.brand.casefold() == "private" else shown.brand
    return [
        ("Kind", shown.product_type),
        ("Category", shown.category),
        ("Department", shown.department),
        ("Size", shown.size),
        ("Brand", brand),
        ("Article", shown.sku),
    ]


def _json_ld(request: Request, shown: ProductView, available: int, summary: ReviewSummary | None) -> dict[str, Any]:
    """The product in schema.org's words, for search engines."""
    address = str(request.url_for("product", address=f"{shown.product_id}-{shown.slug}"))
    in_stock = shown.is_active and available > 0
    rated = (
        {"@type": "AggregateRating", "ratingValue": round(summary.average, 2), "reviewCount": summary.count}
        if summary
        else None
    )
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": shown.title,
        "sku": shown.sku,
        "category": f"{shown.department} > {shown.category}",
        "url": address,
        "offers": {
            "@type": "Offer",
            "price": f"{shown.price_minor / 100:.2f}",
            "priceCurrency": shown.currency,
            "availability": f"https://schema.org/{'InStock' if in_stock else 'OutOfStock'}",
            "url": address,
        },
    } | ({"aggregateRating": rated} if rated else {})
