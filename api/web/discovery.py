"""What search engines read: robots.txt, a sitemap in parts, canonical addresses."""

import re
from typing import Annotated
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import Path, Request, Response

from api.core.access import open_to_all
from api.core.db import ReadDep
from api.core.errors import NotFound
from api.core.routing import Router
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog

router = Router(include_in_schema=False)

CACHE = {"cache-control": "public, max-age=3600"}
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Pages of one person, and lists without end.
CLOSED = (
    "/account",
    "/cart",
    "/checkout",
    "/orders",
    "/search",
    "/sign-in",
    "/register",
    "/operate",
    "/dashboards",
    "/data",
)


def shop_url() -> str:
    """The shop's own address, whatever host a request names."""
    return get_settings().api_url.rstrip("/")


def canonical(request: Request) -> str:
    """The one address of a page: without what only tells how somebody came, or in which order a list is.

    A department narrowed to one category is that category's page.
    """
    path = request.url.path
    categories = request.query_params.getlist("category")
    if len(categories) == 1 and re.fullmatch(r"/c/[^/]+", path) and not path.endswith(f"/{categories[0]}"):
        path = f"{path}/{quote(categories[0])}"
    return f"{shop_url()}{path}"


@router.get("/robots.txt")
@open_to_all
async def robots() -> Response:
    """What crawlers may read, and where the sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines += ["", f"Sitemap: {shop_url()}/sitemap.xml", ""]
    return Response("\n".join(lines), media_type="text/plain", headers=CACHE)


@router.get("/sitemap.xml")
@open_to_all
async def sitemap_index(reader: ReadDep) -> Response:
    """The parts of the sitemap: the protocol allows 50,000 addresses in each."""
    base = shop_url()
    parts = [f"{base}/sitemaps/{part}.xml" for part in await catalog.sitemap_parts(reader)]
    return _xml("sitemapindex", "sitemap", [(address, None) for address in parts])


@router.get("/sitemaps/{part}.xml")
@open_to_all
async def sitemap_part(part: Annotated[int, Path(ge=0, lt=2**40)], reader: ReadDep) -> Response:
    """Products of one part, with the day of their last change; the first part also names the categories."""
    base = shop_url()
    products = await catalog.sitemap(reader, part)
    if not products:
        raise NotFound
    pages: list[tuple[str, str | None]] = []
    if part == 0:
        pages = [("/", None), *((f"/c/{path}", None) for path in await catalog.stocked_categories(reader))]
    pages += [(f"/p/{product_id}-{slug}", changed.date().isoformat()) for product_id, slug, changed in products]
    return _xml("urlset", "url", [(base + path, day) for path, day in pages])


def _xml(root: str, element: str, entries: list[tuple[str, str | None]]) -> Response:
    rows = (
        f"<{element}><loc>{escape(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{element}>"
        for address, day in entries
    )
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{"".join(rows)}</{root}>\n'
    return Response(document, media_type="application/xml", headers=CACHE)
