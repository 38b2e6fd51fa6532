"""JSON of what operators keep: products, attributes of a kind, collections."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from api.domains.catalog.schemas import Product

ProductState = Literal["active", "scheduled", "archived", "unlisted"]
AttributeKind = Literal["text", "number", "boolean", "choice"]
Level = Annotated[str, Field(min_length=1, max_length=100)]
Attributes = dict[Annotated[str, Field(max_length=60)], StrictBool | StrictInt | StrictFloat | StrictStr]


class KeptProductOut(BaseModel):
    """A product as operators see it. Name `version` when you edit it."""

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
    attributes: Attributes
    available_from: datetime | None
    archived_at: datetime | None
    updated_at: datetime
    below: list[str]


class KeptProductPage(BaseModel):
    """Some products, and the cursor of the older ones."""

    items: list[KeptProductOut]
    next_cursor: str | None


class ProductWrite(BaseModel):
    """What an operator says of a product. With `available_from` in the future nobody else sees it before."""

    model_config = ConfigDict(str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=300)
    description: str = Field(default="", max_length=10_000)
    department: str = Field(min_length=1, max_length=100)
    category: str = Field(default="", max_length=100)
    product_type: str = Field(min_length=1, max_length=100)
    brand: str = Field(default="", max_length=100)
    size: str | None = Field(default=None, max_length=100)
    price_minor: int = Field(ge=1, lt=2**53)
    available_from: AwareDatetime | None = None
    attributes: Attributes = Field(default={}, max_length=40)
    below: tuple[Level, ...] = Field(default=(), max_length=8, description="Levels of the tree below the category.")


class ProductCreate(ProductWrite):
    """A new product."""

    sku: str = Field(min_length=1, max_length=100)
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")


class ProductEdit(ProductWrite):
    """All data of a product anew; `version` is the one that was looked at."""

    version: int = Field(ge=1, lt=2**63)


class AttributeDefinitionIO(BaseModel):
    """A number may have a unit; a choice has its choices."""

    name: str = Field(min_length=1, max_length=60)
    kind: AttributeKind
    unit: str | None = Field(default=None, min_length=1, max_length=20)
    choices: list[Annotated[str, Field(min_length=1, max_length=60)]] = Field(default=[], max_length=100)
    is_required: bool = False


class AttributeDefinitions(BaseModel):
    """What may be said of products of one type, in order."""

    attributes: list[AttributeDefinitionIO] = Field(max_length=40)


class CollectionWrite(BaseModel):
    """A collection: products picked by hand, shown in this order."""

    model_config = ConfigDict(str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=2000)
    is_active: bool = True
    product_ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(default=[], max_length=200)


class CollectionEdit(CollectionWrite):
    """All of it anew; `version` is the one that was looked at."""

    version: int = Field(ge=1, lt=2**63)


class CollectionOut(CollectionWrite):
    """A collection as operators see it."""

    collection_id: int
    slug: str
    version: int


class CollectionList(BaseModel):
    """All collections, by title."""

    items: list[CollectionOut]


class ShownCollection(BaseModel):
    """A collection as shoppers see it."""

    slug: str
    title: str
    description: str
    products: list[Product]
