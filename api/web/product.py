"""One product: what it is, what it costs, whether it is there, and what goes with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import BackgroundTasks, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.access import open_to_all
from api.core.auth import OptionalDep, Principal, Visitor, VisitorDep
from api.core.db import ReadDep
from api.core.errors import NotFound
from api.core.rendering import render
from api.core.routing import Router
from api.core.tracking import recommendation, track
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import (
    ImageView,
    ProductDetails,
    ProductView,
    ReviewSummary,
    SaidAttribute,
    VariantForSale,
)
from api.domains.inventory import facade as inventory
from api.domains.recommendations import facade as recommendations
from api.web.discovery import shop_url
from api.web.shelves import SHELF, Shelf
from ingestion.contracts.analytics import ProductViewed

router = Router(include_in_schema=False)
REVIEWS_SHOWN = 5
QUESTIONS_SHOWN = 5
SIMILAR, SIMILAR_ITEMS = "Similar", "Similar items"


@router.get("/p/{address}")
@open_to_all
async def product(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    person: OptionalDep,
    background: BackgroundTasks,
    address: Annotated[str, Path(max_length=400)],
    rec: Annotated[str | None, Query(max_length=64)] = None,
    variant: Annotated[int | None, Query(gt=0, lt=2**63)] = None,
    reviews: Literal["helpful", "new"] = "helpful",
    after: Annotated[str | None, Query(max_length=500)] = None,
    asked: Annotated[str | None, Query(max_length=500)] = None,
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
    variants = [each for each in await catalog.variants_of(reader, product_id) if each.is_active or not shown.is_active]
    chosen = next((each for each in variants if each.variant_id == variant), variants[0])
    stock = await inventory.available(reader, [each.variant_id for each in variants])
    available = stock.get(chosen.variant_id, 0)
    drop = (await catalog.price_drops(reader, [chosen.variant_id])).get(chosen.variant_id)
    details = await catalog.details(reader, shown)
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
        chosen=chosen,
        variants=[(each, stock.get(each.variant_id, 0)) for each in variants] if len(variants) > 1 else [],
        details=details,
        images=images,
        available=available,
        is_waiting=available == 0
        and visitor.customer_id is not None
        and await inventory.is_waiting(reader, visitor.customer_id, chosen.variant_id),
        is_wished=visitor.customer_id is not None
        and await catalog.is_wished(reader, visitor.customer_id, chosen.variant_id),
        drop=drop,
        rec=led_by,
        shelves=shelves,
        facts=_facts(shown, chosen, details),
        json_ld=_json_ld(shown, details, variants, stock, summary) | _pictures(images),
        crumbs_ld=_crumbs_ld(shown, details),
        summary=summary,
        review_order=reviews,
        reviews=await catalog.list_reviews(reader, shown.product_id, reviews, after, REVIEWS_SHOWN)
        if summary
        else None,
        **await _own_review(reader, visitor, shown.product_id),
        **await _questions(reader, person, shown.product_id, asked),
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


async def _questions(
    reader: AsyncConnection, person: Principal | None, product_id: int, cursor: str | None
) -> dict[str, Any]:
    """What people asked; for who signed in what they asked and answered themselves, and whether they may answer."""
    page = await catalog.list_questions(reader, product_id, cursor, QUESTIONS_SHOWN)
    if person is None:
        return {"questions": page, "may_answer": False, "own_answers": {}, "own_questions": []}
    return {
        "questions": page,
        "may_answer": bool(page.items) and await catalog.voice_of(reader, person, product_id) is not None,
        "own_answers": await catalog.own_answers(reader, page.items, person.customer_id),
        "own_questions": await catalog.own_waiting(reader, product_id, person.customer_id),
    }


def _pictures(images: list[ImageView]) -> dict[str, list[str]]:
    """The pictures' whole addresses, for search engines and whoever the page is sent to."""
    return {"image": [f"{shop_url()}/media/{image.digest}/960.webp" for image in images]} if images else {}


def _product_id(address: str) -> int:
    number = address.partition("-")[0]
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 2**63:
        raise NotFound
    return int(number)


async def _shelves(reader: AsyncConnection, visitor: Visitor, shown: ProductView) -> list[Shelf]:
    """A shelf per reason: what is bought in one order with this product, and what is like it."""
    answer = await recommendations.recommend(
        reader, "product", visitor, product_id=shown.product_id, limit=SHELF * 2, is_shown=False
    )
    products = await catalog.get_products(reader, [item.product_id for item in answer.items], with_inactive=False)
    groups: dict[str, list[ProductView]] = {}
    for item in answer.items:
        if item.product_id in products:
            groups.setdefault(item.reason, []).append(products[item.product_id])
    found = sorted(groups.items(), key=lambda pair: not pair[0].startswith(SIMILAR))
    shelves = [
        Shelf(SIMILAR_ITEMS if reason.startswith(SIMILAR) else reason, group[:SHELF], answer.recommendation_id)
        for reason, group in found
    ]
    recommendations.record(answer, visitor, {each.product_id for shelf in shelves for each in shelf.products})
    return shelves


def _facts(shown: ProductView, chosen: VariantForSale, details: ProductDetails) -> list[tuple[str, str | None]]:
    """What is known of it, name and value; typed attributes as a person reads them."""
    said: list[tuple[str, str | None]] = [(each.name, _said(each)) for each in details.attributes]
    return [
        *chosen.options.items(),
        *said,
        ("Kind", shown.product_type),
        ("Category", shown.category),
        ("Department", shown.department),
        ("Size", shown.size),
        ("Brand", brand_name(shown.brand)),
        ("Article", chosen.sku),
    ]


def _crumbs_ld(shown: ProductView, details: ProductDetails) -> dict[str, Any]:
    """The way to the product in schema.org's words."""
    steps = [("Shop", "/"), *((level.name, f"/c/{level.path}") for level in details.levels)]
    steps.append((shown.title, f"/p/{shown.product_id}-{shown.slug}"))
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": f"{shop_url()}{path}"}
        for position, (name, path) in enumerate(steps, start=1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def brand_name(brand: str) -> str:
    """A brand as a person reads it."""
    return "Own brand" if brand.casefold() == "private" else brand


def _said(attribute: SaidAttribute) -> str:
    """A value as a person reads it: `Yes`, `1.5 kg`."""
    if isinstance(attribute.value, bool):
        return "Yes" if attribute.value else "No"
    return f"{attribute.value} {attribute.unit}" if attribute.unit else str(attribute.value)


def _json_ld(
    shown: ProductView,
    details: ProductDetails,
    variants: Sequence[VariantForSale],
    stock: Mapping[int, int],
    summary: ReviewSummary | None,
) -> dict[str, Any]:
    """The product in schema.org's words, for search engines: an offer for each variant."""
    address = f"{shop_url()}/p/{shown.product_id}-{shown.slug}"
    offers = [_offer(shown, each, stock.get(each.variant_id, 0), address) for each in variants]
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": shown.title,
        "sku": shown.sku,
        "category": " > ".join(level.name for level in details.levels),
        "url": address,
        "offers": offers[0] if len(offers) == 1 else offers,
    }
    if shown.brand:
        found["brand"] = {"@type": "Brand", "name": brand_name(shown.brand)}
    if variants[0].gtin:
        found["gtin"] = variants[0].gtin
    if details.description:
        found["description"] = details.description
    if summary:
        rating = {"ratingValue": round(summary.average, 2), "reviewCount": summary.count}
        found["aggregateRating"] = {"@type": "AggregateRating"} | rating
    return found


def _offer(shown: ProductView, variant: VariantForSale, available: int, address: str) -> dict[str, str]:
    in_stock = shown.is_active and available > 0
    number = {"gtin": variant.gtin} if variant.gtin else {}
    return number | {
        "@type": "Offer",
        "sku": variant.sku,
        "price": f"{variant.price_minor / 100:.2f}",
        "priceCurrency": shown.currency,
        "availability": f"https://schema.org/{'InStock' if in_stock else 'OutOfStock'}",
        "url": address if variant.variant_id == shown.product_id else f"{address}?variant={variant.variant_id}",
    }
