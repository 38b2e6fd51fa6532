"""JSON that ordering reads."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

ProductId = Annotated[int, Field(gt=0, lt=2**63)]


class CartItemAdd(BaseModel):
    """Put units of a product into the cart, on top of those already there."""

    model_config = ConfigDict(extra="forbid")

    product_id: ProductId
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    recommendation_id: UUID | None = Field(None, description="The recommendation that led here.")


class CartItemSet(BaseModel):
    """How many units the cart should hold; 0 removes the line."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=0, le=1000)]


class CheckoutRequest(BaseModel):
    """Pay for what the cart holds."""

    model_config = ConfigDict(extra="forbid")

    payment_token: Annotated[str, Field(min_length=1, max_length=100)]
    expected_total_minor: Annotated[int, Field(ge=0)] | None = Field(
        None, description="The total that the person saw: a different one is refused instead of charged."
    )
