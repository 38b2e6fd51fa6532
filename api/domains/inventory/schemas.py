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


class Threshold(BaseModel):
    """Stock is low while `low_at` or fewer are available; a delivery takes so many days."""

    model_config = ConfigDict(extra="forbid")

    low_at: Annotated[int, Field(ge=0, le=1_000_000)]
    lead_time_days: Annotated[int, Field(ge=1, le=365)] = 7


class LocationWrite(BaseModel):
    """A place where stock lies; the smallest priority sells first."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    priority: Annotated[int, Field(ge=0, le=10_000)] = 100
    is_active: bool = True
