"""SQL that finds products: words → stems of the dictionary → ranked, filtered, keyset-paged rows."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from api.core import straight
from api.domains.catalog.domain import Sort
from api.domains.catalog.repository.facets import Filter, prepared
from api.domains.catalog.repository.products import COLUMNS, SOLD, Reader

ALTERNATIVES = text("""
    SELECT asked.word, asked.stem, found.stems
    FROM (
        SELECT word, position, (ts_lexize('english_stem', word))[1] AS stem
        FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS words (word, position)
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN asked.stem IS NULL THEN ARRAY[]::text[]
            WHEN EXISTS (SELECT FROM catalog.search_terms WHERE stem = asked.stem) THEN ARRAY[asked.stem]
            ELSE coalesce(
                (SELECT array_agg(DISTINCT stem) FROM (
                    SELECT stem FROM catalog.search_terms
                    WHERE length(asked.word) >= 3 AND term LIKE asked.word || '%' AND stem IS NOT NULL
                    ORDER BY products DESC, term LIMIT 6) AS begins),
                (SELECT array_agg(DISTINCT stem) FROM (
                    SELECT stem, similarity(term, asked.word) AS nearness,
                        max(similarity(term, asked.word)) OVER () AS best
                    FROM catalog.search_terms
                    WHERE term % asked.word AND stem IS NOT NULL
                    ORDER BY nearness DESC, products DESC, term LIMIT 3) AS near
                 WHERE nearness >= best - 0.05),
                ARRAY[]::text[])
        END AS stems
    ) AS found
    ORDER BY asked.position
""")

# A phrase that begins with what was typed comes before one that only has a word like it; broad kinds come first.
SUGGEST = text("""
    SELECT min(kind) AS kind, phrase FROM (
        SELECT phrase, kind, products FROM catalog.suggestions WHERE words @@ CAST(:tsquery AS tsquery) AND products > 0
        ORDER BY phrase ILIKE :beginning DESC, products DESC, phrase LIMIT 50
    ) AS found
    GROUP BY phrase ORDER BY phrase ILIKE :beginning DESC, max(products) DESC, phrase LIMIT :limit
""")
# A title's word weighs most, a category's least; among equals what sells comes first.
RELEVANCE = """
    (ts_rank('{0.05, 0.2, 0.5, 1.0}', p.search, CAST(:tsquery AS tsquery))
     * (1 + ln(1 + s.units_sold) / 10))::float8
"""
# Two characters that are in no title stand around each word: what they become in a page is not decided here.
MARK_BEGINS, MARK_ENDS = "\x02", "\x03"
MARKED = f"""
    ts_headline('english', p.title, CAST(:tsquery AS tsquery),
        'HighlightAll=true, StartSel={MARK_BEGINS}, StopSel={MARK_ENDS}')
"""
ORDERS = {
    Sort.RELEVANCE: (RELEVANCE, "DESC", "<", "float8"),
    Sort.PRICE: ("p.price_minor", "ASC", ">", "bigint"),
    Sort.PRICE_DOWN: ("p.price_minor", "DESC", "<", "bigint"),
    Sort.RATING: ("s.rating_score::float8", "DESC", "<", "float8"),
    Sort.NEWEST: ("p.product_id", "DESC", "<", "bigint"),
    Sort.POPULAR: ("s.units_sold", "DESC", "<", "bigint"),
}


async def alternatives(reader: Reader, words: Sequence[str]) -> list[list[str]]:
    """For each word that means something the stems to look for: its own, else of words it begins, else of the nearest.

    A word without any is left out; a stop word too.
    """
    rows = (await straight.read(reader, ALTERNATIVES, {"words": list(words)})).mappings()
    return [list(row["stems"]) for row in rows if row["stems"]]


async def page(
    reader: Reader, wanted: Filter, sort: Sort, after: tuple[float | int, int] | None, limit: int
) -> Sequence[RowMapping]:
    """At most `limit` rows after the position (value of the order, product id), each with `position`.

    Of a search each has the title with its words `marked`.
    """
    order, direction, beyond, kind = ORDERS[sort]
    conditions, values = wanted.conditions(sort), wanted.values()
    if after is not None:
        conditions.append(f"({order}, p.product_id) {beyond} (CAST(:after AS {kind}), CAST(:after_id AS bigint))")
        values |= {"after": after[0], "after_id": after[1]}
    marked = MARKED if wanted.tsquery is not None else "NULL"
    statement = f"""
        SELECT {COLUMNS}, {order} AS position, {marked} AS marked FROM {SOLD} WHERE {" AND ".join(conditions)}
        ORDER BY position {direction}, p.product_id {direction} LIMIT :limit
    """  # noqa: S608
    rows: Sequence[RowMapping] = (
        (await straight.read(reader, prepared(statement), values | {"limit": limit})).mappings().all()
    )
    return rows


async def suggestions(reader: Reader, tsquery: str, beginning: str, limit: int) -> list[tuple[str, str]]:
    """(kind, phrase) of what fits the query over plain words; what begins with `beginning` comes first."""
    values = {"tsquery": tsquery, "beginning": f"{beginning}%", "limit": limit}
    return [(row.kind, row.phrase) for row in await straight.read(reader, SUGGEST, values)]
