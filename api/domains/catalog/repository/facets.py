"""SQL of facets: what lists are narrowed to, and what each further choice would leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import RowMapping, TextClause, text

from api.core import straight
from api.domains.catalog.domain import Sort
from api.domains.catalog.repository.products import Reader

# Facet → its column, and the type of its values.
COLUMN_OF = {
    "department": ("department_slug", "text[]"),
    "category": ("category_slug", "text[]"),
    "type": ("product_type", "text[]"),
    "brand": ("brand", "text[]"),
    "price": ("price_range", "integer[]"),
}
LABEL_OF = {"department": "department", "category": "category"}
ATTRIBUTE = "attribute:"
MOST_VALUES = 200
CELLS = "SELECT c.*, products AS number FROM catalog.facet_cells c WHERE products > 0"
STANDS = "(category_path = :under OR category_path LIKE :below)"
PRODUCTS = """
    SELECT department_slug, category_slug, product_type, brand, catalog.price_range(price_minor) AS price_range,
        department, category, category_path, attributes, 1 AS number
    FROM catalog.products p WHERE is_active
"""
FITTING = f"{PRODUCTS} AND search @@ CAST(:tsquery AS tsquery)"
# Free text says too many different things to choose from.
SAID = """
    (SELECT 'attribute:' || a.key AS facet, a.value #>> '{{}}' AS value,
        min(CASE d.kind WHEN 'boolean' THEN CASE a.value #>> '{{}}' WHEN 'true' THEN 'Yes' ELSE 'No' END
            ELSE (a.value #>> '{{}}') || coalesce(' ' || d.unit, '') END) AS label,
        count(*)::bigint AS products, true AS is_chosen
    FROM described CROSS JOIN LATERAL jsonb_each(attributes) AS a
    JOIN catalog.attribute_definitions d ON d.product_type = described.product_type AND d.name = a.key
    WHERE d.kind <> 'text' {others}
    GROUP BY 1, 2 ORDER BY min(d.position), 1, products DESC, value LIMIT :most_values)
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to: facet → values, attribute → values, and a node of the tree.

    `tsquery` is None while one only browses.
    """

    tsquery: str | None = None
    under: str = ""
    chosen: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def conditions(self, sort: Sort | None = None) -> list[str]:
        """SQL conditions on products p and their sales s for the parts that are set; without `sort` on p alone."""
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
        if self.said:
            parts.append("p.attributes <> '{}'")
        return parts + [f"p.{_says(number)}" for number in range(len(self.said))]

    def values(self) -> dict[str, Any]:
        """Bind values of `conditions`."""
        bound: dict[str, Any] = {
            facet: values[0] if len(values) == 1 else list(values) for facet, values in self.chosen.items()
        }
        if self.under:
            bound |= {"under": self.under, "below": f"{self.under}/%"}
        for number, (name, wanted) in enumerate(self.said.items()):
            bound |= {
                f"name_{number}": name,
                f"says_{number}": [each for value in wanted for each in _json(name, value)],
            }
        return bound if self.tsquery is None else bound | {"tsquery": self.tsquery}


def _says(number: int) -> str:
    return f"attributes @> ANY(CAST(:says_{number} AS jsonb[]))"


def _json(name: str, value: str) -> list[str]:
    """The attribute with this value, read as a text, and where it is one as a number, true or false."""
    readings: list[Any] = [value]
    try:
        plain = orjson.loads(value)
    except orjson.JSONDecodeError:
        plain = None
    if isinstance(plain, bool | int | float):
        readings.append(plain)
    return [orjson.dumps({name: each}).decode() for each in readings]


@lru_cache(maxsize=500)
def prepared(statement: str) -> TextClause:
    """The statement of lists that are narrowed in the same way: made once, and prepared by the driver."""
    return text(statement)


async def counts(reader: Reader, wanted: Filter, most: int) -> Sequence[RowMapping]:
    """Rows of (facet, value, label, products): at most `most` values of each facet, and one row of facet `total`.

    A facet's counts leave out its own filter. Browsing adds up the kept cells; a search, and a list narrowed by what is
    said of products, counts the products that fit. Attributes are counted once a list is narrowed to something.
    """
    is_counted = wanted.tsquery is not None or bool(wanted.said)
    source = FITTING if wanted.tsquery is not None else f"{PRODUCTS} AND attributes <> '{{}}'" if wanted.said else CELLS
    flags = [
        f"{column} = ANY(CAST(:{facet} AS {kind})) AS is_{facet}" if facet in wanted.chosen else f"true AS is_{facet}"
        for facet, (column, kind) in COLUMN_OF.items()
    ]
    says = [f"says_{number}" for number in range(len(wanted.said))]
    flags += [f"s.{_says(number)} AS {name}" for number, name in enumerate(says)]
    parts = [_facet(facet, says) for facet in COLUMN_OF]
    everything = " AND ".join([*(f"is_{facet}" for facet in COLUMN_OF), *says])
    parts.append(
        f"SELECT 'total' AS facet, NULL AS value, NULL AS label, coalesce(sum(number), 0)::bigint AS products,"  # noqa: S608
        f" true AS is_chosen FROM base WHERE {everything}"
    )
    described = ""
    if is_counted or wanted.under or wanted.chosen.keys() & {"department", "category", "type"}:
        described = f", described AS ({_described(wanted, says, is_counted)})"
        parts.append(SAID.format(others="".join(f" AND ({name} OR a.key = :name_{n})" for n, name in enumerate(says))))
    statement = f"""
        WITH base AS MATERIALIZED (
            SELECT s.*, {", ".join(flags)} FROM ({source}) AS s
            {f"WHERE {STANDS}" if wanted.under else ""}
        ){described}
        {" UNION ALL ".join(parts)}
    """  # noqa: S608
    values = wanted.values() | {facet: list(chosen) for facet, chosen in wanted.chosen.items()}
    values |= {"most": most, "most_values": MOST_VALUES}
    rows: Sequence[RowMapping] = (await straight.read(reader, prepared(statement), values)).mappings().all()
    return rows


def _described(wanted: Filter, says: Sequence[str], is_counted: bool) -> str:
    """The products of the list of which something is said, before it is narrowed by that."""
    if is_counted:
        columns = ", ".join(["attributes", "product_type", *says])
        narrowed = " AND ".join(f"is_{facet}" for facet in COLUMN_OF)
        return f"SELECT {columns} FROM base WHERE attributes <> '{{}}' AND {narrowed}"  # noqa: S608
    narrowed = " AND ".join(
        f"{'catalog.price_range(price_minor)' if facet == 'price' else column} = ANY(CAST(:{facet} AS {kind}))"
        for facet, (column, kind) in COLUMN_OF.items()
        if facet in wanted.chosen
    )
    conditions = [
        "is_active AND attributes <> '{}'",
        *([STANDS] if wanted.under else []),
        *([narrowed] if narrowed else []),
    ]
    return f"SELECT attributes, product_type FROM catalog.products WHERE {' AND '.join(conditions)}"  # noqa: S608


def _facet(facet: str, says: Sequence[str]) -> str:
    column = COLUMN_OF[facet][0]
    others = " AND ".join([*(f"is_{other}" for other in COLUMN_OF if other != facet), *says])
    label = f"min({LABEL_OF.get(facet, column)})::text"
    return f"""
        (SELECT '{facet}' AS facet, {column}::text AS value, {label} AS label, sum(number)::bigint AS products,
            bool_and(is_{facet}) AS is_chosen
        FROM base WHERE {others} GROUP BY {column}
        ORDER BY is_chosen DESC, products DESC, value LIMIT :most)
    """  # noqa: S608
