"""Lists of products: a search, a department, a category; facets beside them and a page at a time."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import VisitorDep
from api.core.db import ReadDep
from api.core.errors import NotFound
from api.core.rendering import render
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import CategoryCount, DepartmentCount, Facets
from api.web.frame import AISLES
from api.web.tracking import track
from ingestion.contracts.analytics import SearchPerformed

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 24
CHOICES = 12
SORTS = {"relevance": "Best match", "popular": "Most bought", "price": "Price, lowest first", "newest": "Newest"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; it can also write the addresses beside it."""

    path: str
    query: str
    department: str | None
    category: str | None
    sort: str
    cursor: str | None

    def href(self, **changes: str | None) -> str:
        """This list with `changes`, from its start."""
        values = {"query": self.query, "category": self.category, "sort": self.sort}
        if self.path == "/search":
            values["department"] = self.department
        kept = {name: value for name, value in (values | changes).items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path


Text = Annotated[str, Query(max_length=200)]
Slug = Annotated[str, Query(max_length=100)]


@router.get("/search")
async def search(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    background: BackgroundTasks,
    query: Text = "",
    department: Slug = "",
    category: Slug = "",
    sort: Slug = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """What fits some words, small typing errors forgiven."""
    words = query.strip()
    asked = Asked("/search", words, department or None, category or None, sort, cursor or None)
    heading = f"Results for “{words}”" if words else "All products"
    page, facets = await _list(request, reader, asked, heading, [])
    if words and not cursor:
        event = SearchPerformed(
            anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, query=words, results=facets.total
        )
        track(request, background, event)
    return page


@router.get("/c/{department}")
async def department(
    request: Request,
    reader: ReadDep,
    department: Annotated[str, Path(max_length=100)],
    category: Slug = "",
    sort: Slug = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """A department, or one category of it."""
    known = next((each for each in AISLES.departments if each.slug == department), None)
    if known is None:
        raise NotFound
    chosen = next((each for each in known.categories if each.slug == category), None)
    if category and chosen is None:
        raise NotFound
    crumbs = [{"name": "Shop", "href": "/"}, {"name": known.name, "href": f"/c/{known.slug}"}]
    if chosen:
        crumbs.append({"name": chosen.name, "href": ""})
    asked = Asked(f"/c/{known.slug}", "", known.slug, category or None, sort, cursor or None)
    page, _ = await _list(request, reader, asked, (chosen or known).name, crumbs)
    return page


async def _list(
    request: Request, reader: AsyncConnection, asked: Asked, heading: str, crumbs: list[dict[str, str]]
) -> tuple[Response, Facets]:
    found = await catalog.search(
        reader, asked.query, asked.department, asked.category, asked.sort or None, asked.cursor, PAGE_SIZE
    )
    facets = await catalog.facets(reader, asked.query, asked.department, asked.category)
    sorts = [(value, label) for value, label in SORTS.items() if asked.query or value != "relevance"]
    page = render(
        request,
        "listing.html",
        heading=heading,
        query=asked.query,
        summary=_summary(facets.total, len(found.items)),
        crumbs=crumbs,
        chips=_chips(asked, facets),
        facets=_facets(asked, facets),
        products=found.items,
        sorts=sorts,
        sort=asked.sort or sorts[0][0],
        kept=[(name, value) for name, value in _kept(asked) if value],
        here=asked.path,
        next_href=asked.href(cursor=found.next_cursor) if found.next_cursor else None,
        first_href=asked.href() if asked.cursor else None,
    )
    return page, facets


def _summary(total: int, shown: int) -> str:
    if shown == 0:
        return "No products"
    return "1 product" if total == 1 else f"{total:,} products"


def _kept(asked: Asked) -> list[tuple[str, str | None]]:
    in_path = asked.path != "/search"
    return [("query", asked.query), ("department", None if in_path else asked.department), ("category", asked.category)]


def _chips(asked: Asked, facets: Facets) -> list[dict[str, str]]:
    chips = []
    if asked.department and asked.path == "/search":
        chips.append({"name": _name(facets.departments, asked.department), "href": asked.href(department=None)})
    if asked.category:
        chips.append({"name": _name(facets.categories, asked.category), "href": asked.href(category=None)})
    return chips


def _name(choices: tuple[DepartmentCount, ...] | tuple[CategoryCount, ...], slug: str) -> str:
    return next((each.name for each in choices if each.slug == slug), slug)


def _facets(asked: Asked, facets: Facets) -> list[dict[str, Any]]:
    """The choices worth showing: categories inside a department, departments in a search."""
    shown = []
    if asked.path == "/search":
        shown.append(_facet("Department", "department", facets.departments, asked.department, asked))
    shown.append(_facet("Category", "category", facets.categories, asked.category, asked))
    return [facet for facet in shown if len(facet["choices"]) > 1]


def _facet(
    name: str,
    key: str,
    choices: tuple[DepartmentCount, ...] | tuple[CategoryCount, ...],
    chosen: str | None,
    asked: Asked,
) -> dict[str, Any]:
    rows = [
        {
            "name": each.name,
            "products": each.products,
            "chosen": each.slug == chosen,
            "href": asked.href(**{key: None if each.slug == chosen else each.slug}),
        }
        for each in choices[:CHOICES]
    ]
    return {"name": name, "choices": rows}
