"""Columns of a product file: what each means, the other names it goes by, and how a row becomes a product."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import get_currency_precision

from api.domains.catalog.contracts import ProductImport, VariantImport
from api.domains.catalog.domain import DEEPEST_LEVEL, levels_of, node_path
from api.domains.catalog.errors import UnreadableFile
from api.domains.catalog.service.bulk.pairs import Refused, attributes, gtin, options

DEFAULT_CURRENCY = "USD"
DEFAULT_DEPARTMENT = "Miscellaneous"
LARGEST_PRICE_MINOR = 10**11
LONGEST_DESCRIPTION = 10_000
GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}")
SIGNS = "$£€ \u00a0"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
WORDS = {
    "true": True, "yes": True, "y": True, "1": True, "active": True,
    "false": False, "no": False, "n": False, "0": False, "draft": False, "archived": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, how long it may be, and the other names under which it is recognised."""

    name: str
    text: str
    longest: int = 200
    aliases: tuple[str, ...] = ()


COLUMNS = (
    Column("sku", "What makes it the same product the next time. Needed.", 64,
           ("stock_code", "stockcode", "item_number", "article_number", "variant_sku", "product_code")),
    Column("title", "What people read. Needed.", 300, ("name", "product_name", "product_title")),
    Column("price", "In units of the currency: 12.99. Needed, unless price_minor is there.", 40,
           ("unit_price", "unitprice", "variant_price", "regular_price", "price_usd")),
    Column("price_minor", "The same in minor units: 1299.", 20, ("price_cents", "price_in_cents")),
    Column("currency", f"ISO 4217 code; {DEFAULT_CURRENCY} when empty.", 3, ("currency_code",)),
    Column("department", f"First level of the tree; {DEFAULT_DEPARTMENT} when empty.", 100, ()),
    Column("category", "Second level; the department when empty.", 100, ()),
    Column("product_type", "Third level; the category when empty.", 100, ("type",)),
    Column("category_path", "All levels in one, `Clothing > Dresses > Maxi`; the three above come first.", 400,
           ("category_full_path", "product_category", "google_product_category")),
    Column("brand", "Who makes it.", 100, ("vendor", "manufacturer")),
    Column("size", "As it is said in the shop: 8 oz.", 100, ()),
    Column("is_active", "yes or no; yes when empty. What is not active cannot be bought.", 10,
           ("active", "published", "status")),
    Column("product_sku", "Of a further variant: the SKU of its product, which stands before it.", 64,
           ("parent_sku", "item_group_id")),
    Column("options", "What sets a variant apart: `Size: L | Colour: red`.", 2000, ()),
    Column("gtin", "Its number in trade: EAN, UPC.", 20, ("ean", "upc", "barcode")),
    Column("description", "What its page says; an empty line begins a paragraph.", LONGEST_DESCRIPTION,
           ("long_description", "product_description")),
    Column("attributes", "As defined for the product type: `Colour: red | Weight: 1.5`.", 20_000, ()),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}
NEEDED = ("sku", "title")
APART = frozenset({"price", "price_minor", "description", "options", "attributes"})
_NAMES = {alias: column.name for column in COLUMNS for alias in (column.name, *column.aliases)}


def normalise(header: str) -> str:
    """`Unit Price` → `unit_price`."""
    return re.sub(r"[^a-z0-9]+", "_", header.strip().lower()).strip("_")


def recognised(headers: Sequence[str], mapping: Mapping[str, str] | None = None) -> dict[str, int]:
    """Column → position in the file, by own name, alias or `mapping` (column → header); others are left out.

    Raises UnreadableFile for a mapping to nowhere, and for two headers that mean the same column.
    """
    found: dict[str, int] = {}
    for column, header in (mapping or {}).items():
        if column not in BY_NAME:
            raise UnreadableFile(f"there is no column {column} to map to; there are {', '.join(BY_NAME)}")
        if header not in headers:
            raise UnreadableFile(f"the file has no column {header!r}")
        found[column] = headers.index(header)
    taken = set(found.values())
    by_own_name: set[str] = set()
    for position, header in enumerate(headers):
        plain = normalise(header)
        name = _NAMES.get(plain)
        if name is None or position in taken or name in (mapping or {}):
            continue
        if name in found and (name in by_own_name) == (plain == name):
            raise UnreadableFile(f"two columns of the file mean {name}: map one of them")
        if name not in found or plain == name:
            found[name] = position
            by_own_name |= {name} if plain == name else set()
    return found


def check_needed(found: Mapping[str, int], headers: Sequence[str]) -> None:
    """Raises UnreadableFile that names the columns which are not there."""
    missing = [name for name in NEEDED if name not in found]
    if "price" not in found and "price_minor" not in found:
        missing.append("price")
    if missing:
        shown = ", ".join(header.strip()[:40] for header in headers[:20]) or "nothing"
        raise UnreadableFile(f"the file has no column for {', '.join(missing)}; its first line has {shown}")


def to_product(values: Mapping[str, Any]) -> ProductImport | VariantImport:
    """Values by column → product, or a further variant of one. Raises Refused at the first that cannot be used.

    A column that the file does not have leaves what is known of the text, the number, options and attributes.
    """
    text = {name: _text(name, values.get(name)) for name in BY_NAME if name not in APART}
    if not text["sku"]:
        raise Refused("sku", "is empty")
    currency = _currency(text["currency"] or DEFAULT_CURRENCY)
    if text["product_sku"] not in ("", text["sku"]):
        return _to_variant(values, text, currency)
    if not text["title"]:
        raise Refused("title", "is empty")
    department, category, product_type, *below = _levels(text)
    return ProductImport(
        sku=text["sku"],
        title=text["title"],
        department=department,
        category=category,
        product_type=product_type,
        brand=text["brand"],
        size=text["size"] or None,
        price_minor=_price_minor(values, currency),
        currency=currency,
        is_active=_flag(text["is_active"]),
        below=tuple(below),
        description=_prose(values["description"]) if "description" in values else None,
        gtin=gtin(text["gtin"]) if "gtin" in values else None,
        options=options(_pairs(values, "options")) if "options" in values else None,
        attributes=attributes(_pairs(values, "attributes")) if "attributes" in values else None,
    )


def _to_variant(values: Mapping[str, Any], text: Mapping[str, str], currency: str) -> VariantImport:
    found = options(_pairs(values, "options"))
    if not found:
        raise Refused("options", "is empty")
    return VariantImport(
        text["sku"], text["product_sku"], found, _price_minor(values, currency), currency,
        gtin(text["gtin"]) or None, _flag(text["is_active"]),
    )  # fmt: skip


def _pairs(values: Mapping[str, Any], name: str) -> str:
    """A cell of named values as it stands there: within a JSON object every space counts."""
    cell = str(values.get(name) or "").strip()
    if len(cell) > BY_NAME[name].longest:
        raise Refused(name, f"is longer than {BY_NAME[name].longest} characters")
    return cell


def _prose(value: Any) -> str:
    """A text of paragraphs: its line ends are kept, spaces and empty lines beyond one are not."""
    lines = (" ".join(line.split()) for line in str(value if value is not None else "").splitlines())
    prose = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if len(prose) > LONGEST_DESCRIPTION:
        raise Refused("description", f"is longer than {LONGEST_DESCRIPTION} characters")
    if CONTROL.search(prose):
        raise Refused("description", "has control characters in it")
    return prose


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        value = int(value) if value.is_integer() else "" if math.isnan(value) else value
    text = " ".join(str(value).split())
    if len(text) > BY_NAME[name].longest:
        raise Refused(name, f"is longer than {BY_NAME[name].longest} characters")
    if CONTROL.search(text):
        raise Refused(name, "has control characters in it")
    return text


def _levels(text: Mapping[str, str]) -> tuple[str, ...]:
    """Department, category, type, and the levels below the category. Raises Refused."""
    path = [part.strip() for part in text["category_path"].split(">") if part.strip()]
    first, second, third = (*path[:2], path[-1] if len(path) > 2 else "", "", "")[:3] if path else ("", "", "")
    department = text["department"] or first or DEFAULT_DEPARTMENT
    category = text["category"] or second or department
    below = _below(department, category, path)
    if len(path) > DEEPEST_LEVEL:
        raise Refused("category_path", f"has more than {DEEPEST_LEVEL} levels")
    levels = (department, category, text["product_type"] or third or category, *below)
    if any(len(level) > BY_NAME["category"].longest for level in levels):
        raise Refused("category_path", f"has a level longer than {BY_NAME['category'].longest} characters")
    return levels


def _below(department: str, category: str, path: Sequence[str]) -> list[str]:
    """What a path says below the category; nothing where it leads elsewhere than the columns beside it."""
    levels, above = levels_of(path), node_path((department, category))
    depth = above.count("/") + 1
    return levels[depth:] if node_path(levels[:depth]) == above else []


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


def _currency(code: str) -> str:
    if code.upper() not in _currencies():
        raise Refused("currency", "is no ISO 4217 code")
    return code.upper()


def _flag(text: str) -> bool:
    if not text:
        return True
    try:
        return WORDS[text.lower()]
    except KeyError:
        raise Refused("is_active", "is neither yes nor no") from None


def _price_minor(values: Mapping[str, Any], currency: str) -> int:
    minor = values.get("price_minor")
    if minor not in (None, ""):
        return _in_range("price_minor", _number("price_minor", minor))
    price = _number("price", values.get("price"))
    return _in_range("price", price.scaleb(get_currency_precision(currency)))


def _in_range(name: str, amount: Decimal) -> int:
    """A whole number of minor units above zero. Raises Refused."""
    tests: tuple[tuple[Callable[[Decimal], bool], str], ...] = (
        (lambda value: value < 0, "is below zero"),
        (lambda value: value == 0, "is zero"),
        (lambda value: value > LARGEST_PRICE_MINOR, "is higher than any price"),
        (lambda value: value != value.to_integral_value(), "has parts of the smallest coin"),
    )
    for is_wrong, reason in tests:
        if is_wrong(amount):
            raise Refused(name, reason)
    return int(amount)


def _number(name: str, value: Any) -> Decimal:
    text = "" if value is None else str(value).strip(SIGNS)
    if not text:
        raise Refused(name, "is empty")
    if len(text) > BY_NAME[name].longest:
        raise Refused(name, "is not a number")
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Refused(name, "is not a number") from None
    if not number.is_finite() or number.adjusted() > 30:
        raise Refused(name, "is not a number")
    return number
