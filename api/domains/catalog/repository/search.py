"""SQL that finds products: words → stems of the dictionary → ranked, filtered, keyset-paged rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, text

from api.domains.catalog.domain import Sort
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
ORDERS = {
    Sort.RELEVANCE: (RELEVANCE, "DESC", "<", "float8"),
    Sort.PRICE: ("p.price_minor", "ASC", ">", "bigint"),
    Sort.PRICE_DOWN: ("p.price_minor", "DESC", "<", "bigint"),
    Sort.RATING: ("s.rating_score::float8", "DESC", "<", "float8"),
    Sort.NEWEST: ("p.product_id", "DESC", "<", "bigint"),
    Sort.POPULAR: ("s.units_sold", "DESC", "<", "bigint"),
}


# Facet → its column, and the type of its values.
COLUMN_OF = {
    "department": ("department_slug", "text[]"),
    "category": ("category_slug", "text[]"),
    "type": ("product_type", "text[]"),
    "brand": ("brand", "text[]"),
    "price": ("price_range", "integer[]"),
}
LABEL_OF = {"department": "department", "category": "category"}
CELLS = "SELECT c.*, products AS number FROM catalog.facet_cells c WHERE products > 0"
STANDS = "(category_path = :under OR category_path LIKE :below)"
FITTING = """
    SELECT department_slug, category_slug, product_type, brand, catalog.price_range(price_minor) AS price_range,
        department, category, category_path, 1 AS number
    FROM catalog.products p WHERE is_active AND search @@ CAST(:tsquery AS tsquery)
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to: facet → values, and a node of the tree. `tsquery` is None while one only browses."""

    tsquery: str | None = None
    under: str = ""
    chosen: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    def conditions(self, sort: Sort) -> list[str]:
        """SQL conditions on products p and their sales s for the parts that are set."""
        parts = ["p.is_active"]
        if self.under:
            parts.append(STANDS)
        if self.tsquery is not None:
            parts.append("p.search @@ CAST(:tsquery AS tsquery)")
        for facet, values in self.chosen.items():
            column, kind = COLUMN_OF[facet]
            name = f"p.{column}" if facet != "price" else "catalog.price_range(p.price_minor)"
            if facet == "department" and sort is Sort.POPULAR:
                # With the sales' own column the index on (department, units sold) gives the order for nothing.
                name = "s.department_slug"
            one = len(values) == 1
            parts.append(f"{name} = :{facet}" if one else f"{name} = ANY(CAST(:{facet} AS {kind}))")
        return parts

    def values(self) -> dict[str, Any]:
        """Bind values of `conditions`."""
        bound: dict[str, Any] = {
            facet: values[0] if len(values) == 1 else list(values) for facet, values in self.chosen.items()
        }
        if self.under:
            bound |= {"under": self.under, "below": f"{self.under}/%"}
        return bound if self.tsquery is None else bound | {"tsquery": self.tsquery}


async def alternatives(reader: Reader, words: Sequence[str]) -> list[list[str]]:
    """For each word that means something the stems to look for: its own, else of words it begins, else of the nearest.

    A word without any is left out; a stop word too.
    """
    rows = (await reader.execute(ALTERNATIVES, {"words": list(words)})).mappings()
    return [list(row["stems"]) for row in rows if row["stems"]]


async def page(
    reader: Reader, wanted: Filter, sort: Sort, after: tuple[float | int, int] | None, limit: int
) -> Sequence[RowMapping]:
    """At most `limit` rows after the position (value of the order, product id), each with `position`."""
    order, direction, beyond, kind = ORDERS[sort]
    conditions, values = wanted.conditions(sort), wanted.values()
    if after is not None:
        conditions.append(f"({order}, p.product_id) {beyond} (CAST(:after AS {kind}), CAST(:after_id AS bigint))")
        values |= {"after": after[0], "after_id": after[1]}
    statement = f"""
        SELECT {COLUMNS}, {order} AS position FROM {SOLD} WHERE {" AND ".join(conditions)}
        ORDER BY position {direction}, p.product_id {direction} LIMIT :limit
    """  # noqa: S608
    return (await reader.execute(text(statement), values | {"limit": limit})).mappings().all()


async def counts(reader: Reader, wanted: Filter, most: int) -> Sequence[RowMapping]:
    """Rows of (facet, value, label, products): at most `most` values of each facet, and one row of facet `total`.

    A facet's counts leave out its own filter. Browsing adds up the kept cells, a search the products that fit.
    """
    flags = [
        f"{column} = ANY(CAST(:{facet} AS {kind})) AS is_{facet}" if facet in wanted.chosen else f"true AS is_{facet}"
        for facet, (column, kind) in COLUMN_OF.items()
    ]
    parts = [_facet(facet) for facet in COLUMN_OF]
    everything = " AND ".join(f"is_{facet}" for facet in COLUMN_OF)
    parts.append(
        f"SELECT 'total' AS facet, NULL AS value, NULL AS label, coalesce(sum(number), 0)::bigint AS products,"  # noqa: S608
        f" true AS is_chosen FROM base WHERE {everything}"
    )
    statement = f"""
        WITH base AS MATERIALIZED (
            SELECT s.*, {", ".join(flags)} FROM ({CELLS if wanted.tsquery is None else FITTING}) AS s
            {f"WHERE {STANDS}" if wanted.under else ""}
        )
        {" UNION ALL ".join(parts)}
    """  # noqa: S608
    values = wanted.values() | {facet: list(chosen) for facet, chosen in wanted.chosen.items()}
    return (await reader.execute(text(statement), values | {"most": most})).mappings().all()


def _facet(facet: str) -> str:
    column = COLUMN_OF[facet][0]
    others = " AND ".join(f"is_{other}" for other in COLUMN_OF if other != facet)
    label = f"min({LABEL_OF.get(facet, column)})::text"
    return f"""
        (SELECT '{facet}' AS facet, {column}::text AS value, {label} AS label, sum(number)::bigint AS products,
            bool_and(is_{facet}) AS is_chosen
        FROM base WHERE {others} GROUP BY {column}
        ORDER BY is_chosen DESC, products DESC, value LIMIT :most)
    """  # noqa: S608


async def suggestions(reader: Reader, tsquery: str, beginning: str, limit: int) -> list[tuple[str, str]]:
    """(kind, phrase) of what fits the query over plain words; what begins with `beginning` comes first."""
    values = {"tsquery": tsquery, "beginning": f"{beginning}%", "limit": limit}
    return [(row.kind, row.phrase) for row in await reader.execute(SUGGEST, values)]
