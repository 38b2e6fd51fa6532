"""What other domains may hold of catalog's: frozen values, no rows and no sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ProductImport:
    """One product as a source knows it; `sku` is what makes it the same product the next time.

    One that is not active is in past orders, but in no list, and cannot be bought.
    """

    sku: str
    title: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str | None
    price_minor: int
    currency: str = "USD"
    is_active: bool = True
    below: tuple[str, ...] = ()
    """Levels of the tree below the category."""
    description: str | None = None
    """None, here and below: what is known of it stays."""
    gtin: str | None = None
    options: Mapping[str, str] | None = None
    attributes: Mapping[str, bool | int | float | str] | None = None


@dataclass(frozen=True, slots=True)
class VariantImport:
    """A further variant as a source knows it: of the product `product_sku`, set apart by its options."""

    sku: str
    product_sku: str
    options: Mapping[str, str]
    price_minor: int
    currency: str
    gtin: str | None = None
    is_active: bool = True


class ProductLabel(NamedTuple):
    """What a product is called and where it stands."""

    title: str
    product_type: str
    category: str
    brand: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product as everybody else sees it."""

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
    image: str | None = None
    category_path: str = ""
    rating_count: int = 0
    rating_average: float | None = None
    highlight: str | None = None
    """In a search: the title as HTML, with `<mark>` around the words that it was found by."""


@dataclass(frozen=True, slots=True)
class SaidAttribute:
    """An attribute as a product has it."""

    name: str
    value: bool | int | float | str
    unit: str | None


@dataclass(frozen=True, slots=True)
class Level:
    """A node of the tree by its path and name."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """What a product's page says besides: its text, its attributes, the nodes above it from the top."""

    description: str
    attributes: tuple[SaidAttribute, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class ImageView:
    """A picture of a product. Once it is ready it is at /media/{digest}/160.webp, 480.webp and 960.webp."""

    image_id: UUID
    product_id: int
    state: str
    alt: str
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    digest: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class SalePrice:
    """What a unit costs at this moment, read inside the transaction that sells it."""

    product_id: int
    sku: str
    title: str
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """A category of one department, and how many products it holds."""

    name: str
    slug: str
    products: int


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    """A department with its categories, largest first."""

    name: str
    slug: str
    products: int
    categories: tuple[CategoryCount, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A node of the tree: `path` are the slugs from the department down; `products` counts all that stand below too."""

    path: str
    name: str
    code: str | None
    products: int
    is_parent: bool


@dataclass(frozen=True, slots=True)
class CategoryBranch:
    """The nodes from the top to one, itself last, and those directly below it."""

    above: tuple[CategoryNode, ...]
    below: tuple[CategoryNode, ...]


@dataclass(frozen=True, slots=True)
class CategorySource:
    """A node as a source knows it; `code` is what makes it the same node the next time, `parent` another one's."""

    code: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows: words, and for each facet the values of which a product has one; nothing narrows nothing.

    Departments and categories go by name or slug, brands and types by name, prices by ranges such as `200-500`;
    `under` is the path of a node of the tree, attributes go as `Colour:Red`.
    """

    query: str = ""
    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    under: str = ""
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a list can be narrowed to, and how many products would then be shown with the other filters."""

    value: str
    label: str
    products: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a list, chosen values first, then by number of products; prices from low to high.

    What is said of products is `attribute:Colour`, with values that go into an address whole: `Colour:Red`.
    """

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts beside a list of products; each facet leaves out its own filter. `total` is the size of the list."""

    total: int
    facets: tuple[Facet, ...]

    def of(self, name: str) -> tuple[Choice, ...]:
        """The choices of one facet."""
        return next((facet.choices for facet in self.facets if facet.name == name), ())


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What writing some products did: SKU → product id of all of them, and which were new or had other data."""

    ids: dict[str, int]
    new: frozenset[str]
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a file that was not taken. `line` counts from 1; of Parquet it is the number of the row."""

    line: int
    sku: str
    field: str
    reason: str


@dataclass(slots=True)
class ImportCounts:
    """What became of the rows of a file: read = new + changed + same + bad."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class FileRun:
    """One import or export. `has_file`: the bad rows of an import, or the export itself, can be fetched."""

    run_id: UUID
    kind: str
    format: str
    file_name: str
    size_bytes: int | None
    is_dry_run: bool
    status: str
    fraction: float
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_same: int
    rows_bad: int
    problem: str | None
    has_file: bool
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase that completes what somebody types; `kind` is department, category, type or name."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class VariantNew:
    """A further variant of a product; `options` set it apart from the others, such as {"Size": "L"}."""

    sku: str
    options: Mapping[str, str]
    price_minor: int
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class VariantForSale:
    """What can be put into a cart. A product's first variant bears the product's own id.

    A bundle has `components` (variant id, quantity) and no stock of its own.
    """

    variant_id: int
    product_id: int
    sku: str
    gtin: str | None
    title: str
    slug: str
    department: str
    options: Mapping[str, str]
    price_minor: int
    currency: str
    tax_class: str
    seller_id: UUID | None
    is_active: bool
    components: tuple[tuple[int, int], ...] = ()
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Something on a person's wishlist at today's price, and what it cost when it was put there."""

    variant: VariantForSale
    wished_price_minor: int
    wished_at: datetime


@dataclass(frozen=True, slots=True)
class PriceDrop:
    """A reduced price beside the lowest of the 30 days before it."""

    price_minor: int
    lowest_before_minor: int


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """The published reviews of a product: `histogram` holds how many gave 1, 2, 3, 4 and 5."""

    count: int
    average: float
    histogram: tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One review. `customer_id` is for its author's own use and never shown."""

    review_id: UUID
    product_id: int
    customer_id: UUID
    rating: int
    title: str
    body: str
    status: str
    reason: str | None
    helpful: int
    created_at: datetime
    updated_at: datetime
