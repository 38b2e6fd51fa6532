"""Lists of products: a search, a department, a category; facets beside them and a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import BackgroundTasks, Depends, Path, Query, Request, Response
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.access import open_to_all
from api.core.auth import Visitor, VisitorDep
from api.core.db import ReadDep
from api.core.errors import NotFound
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.core.tracking import track
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import CategoryNode, Choice, Facets, Wanted
from api.domains.recommendations import facade as recommendations
from api.web.frame import AISLES
from api.web.presentation import CURRENCY, money
from ingestion.contracts.analytics import SearchPerformed

router = Router(include_in_schema=False)

PAGE_SIZE = 24
CHOICES = 12
SORTS = {
    "relevance": "Best match",
    "popular": "Most bought",
    "rating": "Best rated",
    "price": "Price, lowest first",
    "price_down": "Price, highest first",
    "newest": "Newest",
}
FACETS = {"department": "Department", "category": "Category", "type": "Kind", "price": "Price", "brand": "Brand"}
ATTRIBUTE = "attribute"
MOST_ATTRIBUTES = 6

Chosen = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; it can also write the addresses beside it."""

    path: str
    query: str
    chosen: Chosen
    sort: str
    cursor: str | None
    department: str | None = None
    under: str = ""

    def wanted(self) -> Wanted:
        """The same for the catalogue; a department's page is narrowed to it."""
        chosen = dict(self.chosen)
        if self.department:
            chosen["department"] = (self.department,)
        by_name = {f"{'categorie' if name == 'category' else name}s": values for name, values in chosen.items()}
        return Wanted(self.query, under=self.under, **by_name)

    def href(self, chosen: Chosen | None = None, cursor: str | None = None) -> str:
        """This list with other choices, from its start or a cursor."""
        pairs = self.kept(chosen) + ([("sort", self.sort)] if self.sort else [])
        pairs += [("cursor", cursor)] if cursor else []
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def toggled(self, facet: str, value: str) -> str:
        """This list with one value more, or without it."""
        values = self.chosen.get(facet, ())
        values = tuple(each for each in values if each != value) if value in values else (*values, value)
        return self.href({**self.chosen, facet: values})

    def kept(self, chosen: Chosen | None = None) -> list[tuple[str, str]]:
        """Words and choices as pairs of an address or a form."""
        now = self.chosen if chosen is None else chosen
        words = [("query", self.query)] if self.query else []
        return words + [(facet, value) for facet in (*FACETS, ATTRIBUTE) for value in now.get(facet, ())]


Text = Annotated[str, Query(max_length=200)]
Slug = Annotated[str, Query(max_length=100)]
Values = Annotated[list[Annotated[str, StringConstraints(max_length=100)]], Query(max_length=20)]


async def chosen(
    department: Values = [],  # noqa: B006 -- FastAPI's way to say none
    category: Values = [],  # noqa: B006
    type: Values = [],  # noqa: A002, B006
    price: Values = [],  # noqa: B006
    brand: Values = [],  # noqa: B006
    attribute: Values = [],  # noqa: B006
) -> dict[str, tuple[str, ...]]:
    """The choices of an address, empty ones left out: a plain form sends those too."""
    named = {
        "department": department,
        "category": category,
        "type": type,
        "price": price,
        "brand": brand,
        ATTRIBUTE: attribute,
    }
    kept = {facet: tuple(dict.fromkeys(filter(None, values))) for facet, values in named.items()}
    return {facet: values for facet, values in kept.items() if values}


ChosenDep = Annotated[dict[str, tuple[str, ...]], Depends(chosen)]


@router.get("/search")
@open_to_all
@limited("search")
async def search(
    request: Request,
    reader: ReadDep,
    visitor: VisitorDep,
    background: BackgroundTasks,
    chosen: ChosenDep,
    query: Text = "",
    sort: Slug = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """What fits some words, small typing errors forgiven."""
    words = query.strip()
    asked = Asked("/search", words, chosen, sort, cursor or None)
    heading = f"Results for “{words}”" if words else "All products"
    page, total = await _list(request, reader, asked, heading, [], seen_by=visitor)
    if words and not cursor:
        event = SearchPerformed(
            anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, query=words, results=total
        )
        track(request, background, event)
    return page


@router.get("/c/{slug}")
@open_to_all
async def department(
    request: Request,
    reader: ReadDep,
    chosen: ChosenDep,
    slug: Annotated[str, Path(max_length=100)],
    sort: Slug = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """A department, or some categories of it; deeper levels of the tree have pages of their own."""
    known = next((each for each in AISLES.departments if each.slug == slug), None)
    if known is None:
        raise NotFound
    chosen.pop("department", None)
    names = {each.slug: each.name for each in known.categories}
    if set(chosen.get("category", ())) - set(names):
        raise NotFound
    crumbs = [{"name": "Shop", "href": "/"}, {"name": known.name, "href": f"/c/{known.slug}"}]
    one = names[chosen["category"][0]] if len(chosen.get("category", ())) == 1 else None
    if one:
        crumbs.append({"name": one, "href": ""})
    asked = Asked(f"/c/{known.slug}", "", chosen, sort, cursor or None, known.slug)
    page, _ = await _list(request, reader, asked, one or known.name, crumbs)
    return page


@router.get("/c/{slug}/{rest:path}")
@open_to_all
async def node(
    request: Request,
    reader: ReadDep,
    chosen: ChosenDep,
    slug: Annotated[str, Path(max_length=100)],
    rest: Annotated[str, Path(max_length=900)],
    sort: Slug = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """A node below a department, with what is narrower."""
    path = f"{slug}/{rest}"
    branch = await catalog.category_branch(reader, path)
    for facet in ("department", "category"):
        chosen.pop(facet, None)
    crumbs = [{"name": "Shop", "href": "/"}, *({"name": each.name, "href": f"/c/{each.path}"} for each in branch.above)]
    narrower = [each for each in branch.below if each.products]
    asked = Asked(f"/c/{path}", "", chosen, sort, cursor or None, slug, path)
    page, _ = await _list(request, reader, asked, branch.above[-1].name, crumbs, narrower)
    return page


async def _list(
    request: Request,
    reader: AsyncConnection,
    asked: Asked,
    heading: str,
    crumbs: list[dict[str, str]],
    narrower: Sequence[CategoryNode] = (),
    seen_by: Visitor | None = None,
) -> tuple[Response, int]:
    """The page of a list; the best matches for `seen_by` stand in the order that fits them."""
    wanted = asked.wanted()
    found, facets = await catalog.search_with_facets(reader, wanted, asked.sort or None, asked.cursor, PAGE_SIZE)
    products = found.items
    if seen_by is not None and asked.query and asked.sort in {"", "relevance"}:
        products = await recommendations.rerank(reader, seen_by, products)
    sorts = [(value, label) for value, label in SORTS.items() if asked.query or value != "relevance"]
    page = render(
        request,
        "listing.html",
        heading=heading,
        query=asked.query,
        summary=_summary(facets.total, len(found.items)),
        crumbs=crumbs,
        narrower=narrower,
        chips=_chips(asked, facets),
        facets=_facets(asked, facets),
        products=products,
        sorts=sorts,
        sort=asked.sort or sorts[0][0],
        kept=asked.kept(),
        here=asked.path,
        next_href=asked.href(cursor=found.next_cursor) if found.next_cursor else None,
        first_href=asked.href() if asked.cursor else None,
    )
    return page, facets.total


def _summary(total: int, shown: int) -> str:
    if shown == 0:
        return "No products"
    return "1 product" if total == 1 else f"{total:,} products"


def _label(facet: str, choice: Choice) -> str:
    """A choice for people: ranges of prices as money."""
    if facet != "price":
        return choice.label
    low, _, high = choice.value.partition("-")
    if not high:
        return f"{money(int(low), CURRENCY)} and more"
    return (
        f"Under {money(int(high), CURRENCY)}"
        if low == "0"
        else f"{money(int(low), CURRENCY)} – {money(int(high), CURRENCY)}"
    )


def _chips(asked: Asked, facets: Facets) -> list[dict[str, str]]:
    """What the list is narrowed to, each with the address without it."""
    labels = {}
    for each in facets.facets:
        facet, _, attribute = each.name.partition(":")
        for choice in each.choices:
            label = _label(each.name, choice)
            # "Yes" alone would not tell what is so.
            labels[facet, choice.value] = f"{attribute}: {label}" if attribute else label
    return [
        {"name": labels.get((facet, value), value.rpartition(":")[2]), "href": asked.toggled(facet, value)}
        for facet, values in asked.chosen.items()
        for value in values
    ]


def _facets(asked: Asked, facets: Facets) -> list[dict[str, Any]]:
    """The facets that still tell something apart: departments only in a search, kinds only within a category."""
    hidden = {"department"} if asked.department else set()
    if asked.under:
        hidden |= {"category"}
    elif not asked.chosen.get("category") and not asked.chosen.get("type"):
        hidden |= {"type"}
    shown = [_facet(name, label, asked, facets.of(name)) for name, label in FACETS.items() if name not in hidden]
    said = [(each.name.partition(":")[2], each.choices) for each in facets.facets if each.name.startswith(ATTRIBUTE)]
    shown += [_facet(ATTRIBUTE, name, asked, choices) for name, choices in said[:MOST_ATTRIBUTES]]
    return [facet for facet in shown if _tells_apart(facet["choices"], facets.total)]


def _tells_apart(choices: Sequence[Mapping[str, Any]], total: int) -> bool:
    """Whether a choice would change the list: one value that all products have would not."""
    return len(choices) > 1 or any(each["chosen"] or each["products"] < total for each in choices)


def _facet(facet: str, name: str, asked: Asked, choices: Sequence[Choice]) -> dict[str, Any]:
    rows = [
        {
            "name": _label(facet, each),
            "products": each.products,
            "chosen": each.is_chosen,
            "href": asked.toggled(facet, each.value),
        }
        for each in choices[:CHOICES]
        if each.label
    ]
    return {"name": name, "choices": rows, "is_open": any(row["chosen"] for row in rows)}
