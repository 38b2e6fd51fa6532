"""How a product of Livostyle reads in our catalogue: its tree, its text in paragraphs, attributes out of its tags."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts.keeping import AttributeDefinition

ROOT_LEVEL = "Apparel & Accessories"
HEADINGS = re.compile(r"\s*\b(Why you['’]ll reach for it|Fabric & care|Fit & sizing|Wear it with)\b:?\s*")
# Attribute → value → the tags that say it. The first that a product bears counts.
TAGS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "Colour": {
        "Black": ("black",), "White": ("white", "ivory"), "Beige": ("beige", "cream", "tan", "nude"),
        "Brown": ("brown", "camel"), "Gray": ("gray", "grey", "charcoal"), "Red": ("red", "burgundy"),
        "Pink": ("pink", "hot pink", "light pink"), "Orange": ("orange", "peach", "coral"), "Yellow": ("yellow",),
        "Green": ("green", "olive green", "mint green", "light green", "sage"), "Teal": ("teal", "turquoise"),
        "Blue": ("blue", "navy", "light blue", "royal blue"), "Purple": ("purple", "lavender"),
        "Gold": ("gold",), "Silver": ("silver",),
    },
    "Sleeve": {
        "Sleeveless": ("sleeveless", "spaghetti strap"), "Cap": ("cap sleeve",), "Short": ("short sleeve",),
        "Three-quarter": ("3/4 sleeve", "three-quarter sleeve"), "Long": ("long sleeve",),
    },
    "Neckline": {
        "V-neck": ("v-neck",), "Round": ("round neck", "crew neck"), "Scoop": ("scoop neck",),
        "Square": ("square neck", "square neckline"), "Collared": ("collared", "collared neckline", "notch collar"),
        "Halter": ("halter neck",), "Mock or turtle": ("mock neck", "turtleneck", "high neck"),
        "One shoulder": ("one shoulder",),
    },
    "Pattern": {
        "Solid": ("solid", "solid color", "solid pattern"), "Striped": ("striped",),
        "Floral": ("floral print", "floral"),
        "Plaid": ("plaid", "timeless plaids"), "Animal": ("animal print", "leopard print"),
        "Geometric": ("geometric", "geometric pattern"), "Color block": ("color block",),
        "Tie-dye": ("tie-dye", "tie dye"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One product of a source: its line there, its row in our own columns, and how many there are to sell."""

    line: int
    values: Mapping[str, Any]
    stock: int


def livostyle_sku(number: str) -> str:
    """Number of the source → SKU."""
    return f"LIVO-{number}"


def fashion(line: int, row: Mapping[str, Any]) -> Item:
    """A row of the source."""
    levels = [level.strip() for level in (row["category_full_path"] or "").split(">")]
    levels = [level for level in levels if level and level != ROOT_LEVEL]
    values = {
        "sku": livostyle_sku(row["id"]),
        "title": row["title"],
        "department": levels[0] if levels else None,
        "category": levels[1] if len(levels) > 1 else row["product_type"],
        "category_path": " > ".join(levels) if len(levels) > 2 else None,
        "product_type": row["product_type"] or (levels[-1] if levels else "Miscellaneous"),
        "brand": "LivoStyle",
        "price": row["price_min_usd"],
        "currency": "USD",
        "description": paragraphs(row["description"] or ""),
        "attributes": orjson.dumps(attributes_of(row["tags"] or "")).decode(),
    }
    return Item(line, values, 10 + 5 * int(row["variant_count"] or 1) if row["in_stock_any"] else 0)


def paragraphs(text: str) -> str:
    """The text with an empty line before each of its headings, which stand in one line with it in the source."""
    lead, *rest = HEADINGS.split(text)
    parts = [lead.strip()] + [f"{heading}: {said.strip()}" for heading, said in zip(rest[::2], rest[1::2], strict=True)]
    return "\n\n".join(part for part in parts if part)


def attributes_of(tags: str) -> dict[str, str]:
    """What the tags say, in our words."""
    said = {tag.strip().lower() for tag in tags.split("|")}
    found = {}
    for name, values in TAGS.items():
        value = next((value for value, words in values.items() if said.intersection(words)), None)
        if value is not None:
            found[name] = value
    return found


async def define_fashion(items: Iterable[Item]) -> None:
    """Let each type of product say what its products say; what operators have defined of a type stays."""
    used: dict[str, set[str]] = defaultdict(set)
    for item in items:
        used[item.values["product_type"]].update(orjson.loads(item.values["attributes"]))
    for product_type, names in sorted(used.items()):
        wanted = [AttributeDefinition(name, "choice", choices=tuple(TAGS[name])) for name in TAGS if name in names]
        if wanted:
            await catalog.define_attributes_once(product_type, wanted)
