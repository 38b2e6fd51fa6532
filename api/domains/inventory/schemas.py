"""Inventory as JSON."""

from pydantic import BaseModel, ConfigDict


class VariantStock(BaseModel):
    """Units of a variant that can be bought."""

    variant_id: int
    available: int


class ProductStock(BaseModel):
    """Units of a product that can be bought, in all and by variant."""

    product_id: int
    available: int
    variants: list[VariantStock]


class Difference(BaseModel):
    """A place where stock and its books do not agree."""

    model_config = ConfigDict(from_attributes=True)

    variant_id: int
    location: str
    kind: str
    in_stock: int
    in_books: int
