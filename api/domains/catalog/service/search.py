"""Lists of products: searched or browsed, narrowed, ordered, a page at a time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from uuid import UUID

from sqlalchemy import RowMapping

from api.core.buffered import get_buffer
from api.core.errors import Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.slugs import slugify
from api.domains.catalog.contracts import (
    Choice,
    Facet,
    Facets,
    ProductView,
    Suggestion,
    Wanted,
)
from api.domains.catalog.domain import PRICE_RANGES, Sort, beginnings, price_range_name, query_words, tsquery
from api.domains.catalog.repository import facets as counted
from api.domains.catalog.repository import search as found
from api.domains.catalog.repository.products import Reader, to_view
from ingestion.contracts.analytics import SearchPerformed

NO_SEARCH = re.compile(r"\s*")
LARGEST_PAGE = 100
MOST_CHOICES = 30
SHORTEST_BEGINNING = 2


async def search(
    reader: Reader, wanted: Wanted, sort: str | None = None, cursor: str | None = None, limit: int = 24
) -> Page[ProductView]:
    """One page of what is wanted.

    A word that the catalogue does not know is read as the nearest that it does (`choclate` finds chocolate). Products
    with all words, or where there are none, with any of them. `sort` is by default relevance for a search and popular
    for browsing. Raises Invalid for an unknown `sort` or price range, or a cursor that was made for another list.
    """
    page, _ = await _page(reader, wanted, await _groups(reader, wanted), sort, cursor, limit)
    return page


async def search_with_facets(
    reader: Reader, wanted: Wanted, sort: str | None = None, cursor: str | None = None, limit: int = 24
) -> tuple[Page[ProductView], Facets]:
    """The same with the counts beside it: what was asked for is read once."""
    groups = await _groups(reader, wanted)
    page, is_relaxed = await _page(reader, wanted, groups, sort, cursor, limit)
    if groups is None:
        return page, Facets(0, ())
    return page, _facets(await counted.counts(reader, _filter(groups, wanted, is_relaxed), MOST_CHOICES), wanted)


async def _groups(reader: Reader, wanted: Wanted) -> list[list[str]] | None:
    """For each word the stems to look for; empty for browsing, None where no word means anything."""
    if NO_SEARCH.fullmatch(wanted.query):
        return []
    return await found.alternatives(reader, query_words(wanted.query)) or None


async def _page(
    reader: Reader, wanted: Wanted, groups: list[list[str]] | None, sort: str | None, cursor: str | None, limit: int
) -> tuple[Page[ProductView], bool]:
    """A page, and whether any of the words was enough for it."""
    order = _order(sort, groups != [])
    limit = max(1, min(limit, LARGEST_PAGE))
    if groups is None:
        return Page([]), False
    after, is_relaxed = _position(cursor, order)
    rows = await found.page(reader, _filter(groups, wanted, is_relaxed), order, after, limit + 1)
    if not rows and cursor is None and len(groups) > 1:
        is_relaxed = True
        rows = await found.page(reader, _filter(groups, wanted, is_relaxed), order, after, limit + 1)
    shown = rows[:limit]
    more = None
    if len(rows) > limit:
        more = encode_cursor(order.value, is_relaxed, shown[-1]["position"], shown[-1]["product_id"])
    return Page([replace(to_view(row), highlight=_highlight(row["marked"])) for row in shown], more), is_relaxed


def _highlight(marked: str | None) -> str | None:
    """A title as HTML, the words that it was found by in `mark`."""
    if marked is None:
        return None
    return escape(marked).replace(found.MARK_BEGINS, "<mark>").replace(found.MARK_ENDS, "</mark>")


def note_gap(anonymous_id: UUID, customer_id: UUID | None, query: str) -> None:
    """Record that nothing was found."""
    get_buffer().add(SearchPerformed(anonymous_id=anonymous_id, customer_id=customer_id, query=query, results=0))


async def facets(reader: Reader, wanted: Wanted) -> Facets:
    """Counts beside the same list: each facet's without its own filter. Raises Invalid for an unknown price range."""
    groups = await _groups(reader, wanted)
    if groups is None:
        return Facets(0, ())
    rows = await counted.counts(reader, _filter(groups, wanted, False), MOST_CHOICES)
    if len(groups) > 1 and not any(row["products"] for row in rows if row["facet"] == "total"):
        rows = await counted.counts(reader, _filter(groups, wanted, True), MOST_CHOICES)
    return _facets(rows, wanted)


def _facets(rows: Sequence[RowMapping], wanted: Wanted) -> Facets:
    total = sum(row["products"] for row in rows if row["facet"] == "total")
    said = dict.fromkeys(row["facet"] for row in rows if row["facet"].startswith(counted.ATTRIBUTE))
    fixed = (_facet(name, rows, wanted) for name in counted.COLUMN_OF)
    return Facets(total, (*fixed, *(_attribute(name, rows, wanted) for name in said)))


def _attribute(facet: str, rows: Sequence[RowMapping], wanted: Wanted) -> Facet:
    """What is said of products, the chosen values first."""
    name = facet.removeprefix(counted.ATTRIBUTE)
    chosen = _said(wanted).get(name, ())
    choices = [
        Choice(f"{name}:{row['value']}", row["label"], row["products"], row["value"] in chosen)
        for row in rows
        if row["facet"] == facet
    ]
    return Facet(facet, tuple(sorted(choices, key=lambda choice: not choice.is_chosen)[:MOST_CHOICES]))


def _said(wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Attribute → values. Raises Invalid for what is not of the form `Colour:Red`."""
    said: dict[str, tuple[str, ...]] = {}
    for each in dict.fromkeys(wanted.attributes):
        name, colon, value = each.partition(":")
        if not (name and colon and value) or "\x00" in each:
            raise Invalid("attribute", "is not of the form `Colour:Red`")
        said[name] = (*said.get(name, ()), value)
    return said


def _facet(name: str, rows: Sequence[RowMapping], wanted: Wanted) -> Facet:
    chosen = dict(_chosen(wanted)).get(name, ())
    mine = [row for row in rows if row["facet"] == name]
    if name == "price":
        mine.sort(key=lambda row: int(row["value"]))
    choices = tuple(
        Choice(value, label, row["products"], bool(chosen) and row["is_chosen"])
        for row in mine
        for value, label in [_named(name, row)]
    )
    return Facet(name, choices)


def _named(facet: str, row: RowMapping) -> tuple[str, str]:
    """A choice as it goes into an address, and as a person reads it."""
    if facet != "price":
        return row["value"], row["label"]
    name = price_range_name(int(row["value"]))
    return name, name


def _chosen(wanted: Wanted) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Facet → values as the database has them, for the facets that narrow. Raises Invalid."""
    if unknown := set(wanted.prices) - set(PRICE_RANGES):
        raise Invalid("price", f"{sorted(unknown)[0]!r} is none of {', '.join(PRICE_RANGES)}")
    each: dict[str, Sequence[str | int]] = {
        "department": [slugify(name) for name in wanted.departments],
        "category": [slugify(name) for name in wanted.categories],
        "type": wanted.types,
        "brand": wanted.brands,
        "price": [PRICE_RANGES[name] for name in wanted.prices],
    }
    return ((name, tuple(dict.fromkeys(values))) for name, values in each.items() if values)


def _filter(groups: list[list[str]], wanted: Wanted, is_relaxed: bool) -> counted.Filter:
    words = tsquery(groups, match_all=not is_relaxed) if groups else None
    return counted.Filter(words, wanted.under, dict(_chosen(wanted)), _said(wanted))


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
    kind = float if order in (Sort.RELEVANCE, Sort.RATING) else int
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
