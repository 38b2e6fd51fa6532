"""Lists of products: searched or browsed, narrowed, ordered, a page at a time."""

import re

from api.core.errors import Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.catalog.contracts import CategoryCount, DepartmentCount, Facets, ProductView, Suggestion
from api.domains.catalog.domain import Sort, beginnings, query_words, slugify, tsquery
from api.domains.catalog.repository import search as found
from api.domains.catalog.repository.products import Reader, to_view
from api.domains.catalog.service.products import group_departments

NO_SEARCH = re.compile(r"\s*")
LARGEST_PAGE = 100
SHORTEST_BEGINNING = 2


async def search(
    reader: Reader,
    query: str = "",
    department: str | None = None,
    category: str | None = None,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 24,
) -> Page[ProductView]:
    """One page of what fits `query`; without one, of everything.

    A word that the catalogue does not know is read as the nearest that it does (`choclate` finds chocolate). Products
    with all words, or where there are none, with any of them. `sort` is by default relevance for a search and popular
    for browsing. Departments and categories go by name or slug. Raises Invalid for an unknown `sort`, or a cursor that
    was made for another list.
    """
    is_search = NO_SEARCH.fullmatch(query) is None
    order = _order(sort, is_search)
    limit = max(1, min(limit, LARGEST_PAGE))
    groups = await found.alternatives(reader, query_words(query)) if is_search else []
    if is_search and not groups:
        return Page([])
    after, is_relaxed = _position(cursor, order)
    wanted = _filter(groups, department, category, is_relaxed)
    rows = await found.page(reader, wanted, order, after, limit + 1)
    if not rows and cursor is None and len(groups) > 1:
        is_relaxed = True
        rows = await found.page(reader, _filter(groups, department, category, True), order, after, limit + 1)
    shown = rows[:limit]
    more = None
    if len(rows) > limit:
        more = encode_cursor(order.value, is_relaxed, shown[-1]["position"], shown[-1]["product_id"])
    return Page([to_view(row) for row in shown], more)


async def facets(reader: Reader, query: str = "", department: str | None = None, category: str | None = None) -> Facets:
    """Counts beside the same list: departments without the department's filter, categories without the category's."""
    is_search = NO_SEARCH.fullmatch(query) is None
    groups = await found.alternatives(reader, query_words(query)) if is_search else []
    if is_search and not groups:
        return Facets(0, (), ())
    rows = await found.counts(reader, tsquery(groups, True) if is_search else None)
    if not rows and len(groups) > 1:
        rows = await found.counts(reader, tsquery(groups, False))
    departments = group_departments(rows)
    chosen = [each for each in departments if department is None or each.slug == slugify(department)]
    categories = _merge(chosen)
    total = sum(each.products for each in categories if category is None or each.slug == slugify(category))
    return Facets(total, tuple(departments), tuple(categories))


def _merge(departments: list[DepartmentCount]) -> list[CategoryCount]:
    """Categories of the same slug in several departments are one choice."""
    merged: dict[str, CategoryCount] = {}
    for each in (category for department in departments for category in department.categories):
        before = merged.get(each.slug)
        merged[each.slug] = CategoryCount(each.name, each.slug, each.products + (before.products if before else 0))
    return sorted(merged.values(), key=lambda category: (-category.products, category.name))


def _filter(groups: list[list[str]], department: str | None, category: str | None, is_relaxed: bool) -> found.Filter:
    return found.Filter(
        tsquery(groups, match_all=not is_relaxed) if groups else None,
        slugify(department) if department else None,
        slugify(category) if category else None,
    )


def _order(sort: str | None, is_search: bool) -> Sort:
    if sort is None or sort == "":
        return Sort.RELEVANCE if is_search else Sort.POPULAR
    try:
        order = Sort(sort)
    except ValueError:
        raise Invalid("sort", f"must be one of {', '.join(Sort)}") from None
    return Sort.POPULAR if order is Sort.RELEVANCE and not is_search else order


def _position(cursor: str | None, order: Sort) -> tuple[tuple[float | int, int] | None, bool]:
    if not cursor:
        return None, False
    kind = float if order is Sort.RELEVANCE else int
    made_for, is_relaxed, value, product_id = decode_cursor(cursor, str, bool, kind, int)
    if made_for != order.value:
        raise Invalid("cursor", "is not a cursor of this list")
    return (value, product_id), is_relaxed


async def suggest(reader: Reader, text: str, limit: int = 8) -> list[Suggestion]:
    """Phrases of the catalogue for somebody who has begun to type; none for less than two characters."""
    words = query_words(text)
    if len("".join(words)) < SHORTEST_BEGINNING:
        return []
    typed = " ".join(words)
    rows = await found.suggestions(reader, beginnings([[word] for word in words]), typed, limit)
    if not rows and (groups := await found.alternatives(reader, words)):
        rows = await found.suggestions(reader, beginnings(groups), typed, limit)
    return [Suggestion(phrase, kind) for kind, phrase in rows]
