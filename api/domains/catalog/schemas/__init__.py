"""JSON of catalog as the API documents it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Product(BaseModel):
    """One product. Money is in minor units of `currency`."""

    product_id: int
    sku: str
    title: str
    slug: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str | None
    price_minor: int
    currency: str
    units_sold: int
    is_active: bool
    department_slug: str
    category_slug: str
    image: str | None = Field(description="Its first picture; append /160.webp, /480.webp or /960.webp.")
    category_path: str = Field(description="Where it stands in the tree: slugs from the department down.")
    rating_count: int = Field(description="How many published reviews it has.")
    rating_average: float | None = Field(description="Of 5, to one place; null without a review.")
    highlight: str | None = Field(
        default=None, description="In a search: the title as HTML, with `<mark>` around the words it was found by."
    )


class ImageUpload(BaseModel):
    """A file that is to be uploaded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size_bytes: Annotated[int, Field(gt=0, le=10 * 1024**2)]
    alt: Annotated[str, Field(max_length=300)] = ""


class ImageChange(BaseModel):
    """What is to change."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    alt: Annotated[str, Field(max_length=300)] | None = None
    is_first: bool = False


class ProductPage(BaseModel):
    """Some products, and the cursor of the next ones."""

    items: list[Product]
    next_cursor: str | None = Field(description="Give it back as `cursor`; null at the end of the list.")


class Variant(BaseModel):
    """What can be put into a cart. A product's first variant bears the product's own id.

    `lowest_before_minor` stands beside a reduced price: the lowest of the 30 days before.
    """

    variant_id: int
    sku: str
    gtin: str | None
    options: dict[str, str]
    price_minor: int
    lowest_before_minor: int | None
    currency: str
    is_active: bool


class Variants(BaseModel):
    """All variants of one product, the first one first."""

    variants: list[Variant]


class VariantCreate(BaseModel):
    """A further variant; `options` set it apart from the others, such as {"Size": "L"}."""

    sku: str = Field(min_length=1, max_length=100)
    options: dict[str, str] = Field(max_length=20)
    price_minor: int = Field(ge=1, lt=2**63)
    gtin: str | None = Field(default=None, max_length=20)


class VariantOptions(BaseModel):
    """What sets a variant apart, such as {"Size": "L"}."""

    options: dict[str, str] = Field(min_length=1, max_length=20)


class WishOut(BaseModel):
    """Something on the wishlist at today's price, and what it cost when it was put there."""

    variant_id: int
    product_id: int
    title: str
    options: dict[str, str]
    price_minor: int
    currency: str
    is_active: bool
    wished_price_minor: int
    wished_at: datetime


class Wishlist(BaseModel):
    """The latest wish first."""

    items: list[WishOut]


class SaidAttributeOut(BaseModel):
    """An attribute as a product has it."""

    name: str
    value: bool | float | str
    unit: str | None


class LevelOut(BaseModel):
    """A node of the tree by its path and name."""

    path: str
    name: str


class Details(BaseModel):
    """What a product's page says besides: its text, its attributes, the nodes above it from the top."""

    description: str
    attributes: list[SaidAttributeOut]
    levels: list[LevelOut]


class PriceWanted(BaseModel):
    """What a variant costs from now on, in minor units of its currency."""

    price_minor: int = Field(ge=1, lt=2**63)


class VariantState(BaseModel):
    """Whether a variant is sold."""

    is_active: bool


class OperatedVariant(BaseModel):
    """A variant as an operator left it."""

    variant_id: int
    product_id: int
    sku: str
    gtin: str | None
    options: dict[str, str]
    price_minor: int
    currency: str
    is_active: bool


class SuggestionOut(BaseModel):
    """A phrase, and whether it is a department, category, type or name."""

    text: str
    kind: str


class Suggestions(BaseModel):
    """The best first."""

    suggestions: list[SuggestionOut]


class Category(BaseModel):
    """A category and how many products it holds."""

    name: str
    slug: str
    products: int


class Department(BaseModel):
    """A department with its categories, largest first."""

    name: str
    slug: str
    products: int
    categories: list[Category]


class CategoryTree(BaseModel):
    """All departments, largest first."""

    departments: list[Department]


class CategoryNodeOut(BaseModel):
    """A node of the tree; `path` are the slugs from the department down, and `products` counts all below it too."""

    path: str
    name: str
    products: int


class CategoryBranchOut(BaseModel):
    """The nodes from the top to one, itself last, and those directly below it, largest first."""

    above: list[CategoryNodeOut]
    below: list[CategoryNodeOut]


class CategoryCreate(BaseModel):
    """A node below `parent`, which is empty for a department."""

    name: str = Field(min_length=1, max_length=100)
    parent: str = Field(default="", max_length=1010, pattern="^([a-z0-9-]+(/[a-z0-9-]+){0,8})?$")


class CategoryRename(BaseModel):
    """What a node is called from now on."""

    name: str = Field(min_length=1, max_length=100)


FileFormat = Literal["csv", "parquet"]


class FileRun(BaseModel):
    """An import or export of products. For an import `rows_read` is the sum of new, changed, same and bad."""

    run_id: UUID
    kind: Literal["import", "export"]
    format: FileFormat
    file_name: str
    size_bytes: int | None
    is_dry_run: bool
    status: Literal["queued", "running", "done", "failed"]
    fraction: float = Field(description="0 to 1.")
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_same: int
    rows_bad: int
    problem: str | None
    has_file: bool = Field(description="The bad rows of the import, or the export, can be fetched.")
    created_at: datetime
    finished_at: datetime | None


class FileRunPage(BaseModel):
    """Some runs, newest first, and the cursor of the earlier ones."""

    items: list[FileRun]
    next_cursor: str | None


class ReviewWrite(BaseModel):
    """What a buyer says about a product."""

    rating: int = Field(ge=1, le=5)
    title: str = Field(default="", max_length=100)
    body: str = Field(default="", max_length=4000)


class Review(BaseModel):
    """One review; who wrote it is not told. `reason` says why it was rejected."""

    review_id: UUID
    product_id: int
    rating: int
    title: str
    body: str
    status: Literal["published", "held", "rejected"]
    reason: str | None
    helpful: int
    created_at: datetime
    updated_at: datetime


class Reviews(BaseModel):
    """A page of reviews, and what all published ones come to; `histogram` counts ratings 1 to 5."""

    count: int
    average: float | None
    histogram: list[int]
    items: list[Review]
    next_cursor: str | None


class ReviewQueue(BaseModel):
    """Reviews that wait to be looked at, the longest first."""

    items: list[Review]


class ReviewVote(BaseModel):
    """Whether the review helped."""

    is_helpful: bool


class ReviewDecision(BaseModel):
    """Publish or reject; a rejection needs a reason."""

    is_published: bool
    reason: str = Field(default="", max_length=500)
