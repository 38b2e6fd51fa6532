"""Inventory as JSON."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST = 1_000_000_000
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
LocationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


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


class Delivery(BaseModel):
    """Units that came in."""

    location: LocationName = "main"
    quantity: Annotated[int, Field(ge=1, le=MOST)]
    cause: Reason | None = None


class Adjustment(BaseModel):
    """The count was wrong by so many units."""

    location: LocationName = "main"
    quantity_change: Annotated[int, Field(ge=-MOST, le=MOST)]
    reason: Reason


class LedgerEntry(BaseModel):
    """One movement."""

    model_config = ConfigDict(from_attributes=True)

    movement_id: int
    variant_id: int
    location: str
    movement: str
    quantity: int
    on_hand_change: int
    order_id: UUID | None
    cause: str | None
    actor_id: UUID | None
    moved_at: datetime
