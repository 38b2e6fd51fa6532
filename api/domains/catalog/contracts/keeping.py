"""What operators keep, as frozen values: products in every state, attributes of a kind, collections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ProductState = Literal["active", "scheduled", "archived", "unlisted"]
AttributeKind = Literal["text", "number", "boolean", "choice"]
AttributeValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """What may be said of products of one type: a number may have a unit, a choice has its choices."""

    name: str
    kind: AttributeKind
    unit: str | None = None
    choices: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class KeptProduct:
    """A product as operators see it. `version` counts its changes."""

    product_id: int
    version: int
    state: ProductState
    sku: str
    title: str
    slug: str
    description: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str | None
    price_minor: int
    currency: str
    attributes: dict[str, AttributeValue]
    available_from: datetime | None
    archived_at: datetime | None
    updated_at: datetime
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """What an operator says of a product; with `available_from` in the future nobody else sees it before."""

    title: str
    department: str
    category: str
    product_type: str
    brand: str
    price_minor: int
    size: str | None = None
    description: str = ""
    available_from: datetime | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """Products picked by hand, in their order, at /collections/<slug>."""

    collection_id: int
    slug: str
    title: str
    description: str
    is_active: bool
    version: int
    product_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CollectionDraft:
    """What an operator says of a collection."""

    title: str
    description: str = ""
    is_active: bool = True
    product_ids: tuple[int, ...] = ()
