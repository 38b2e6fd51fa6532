"""JSON of catalog as the API documents it."""

from pydantic import BaseModel, Field


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


class ProductPage(BaseModel):
    """Some products, and the cursor of the next ones."""

    items: list[Product]
    next_cursor: str | None = Field(description="Give it back as `cursor`; null at the end of the list.")


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
