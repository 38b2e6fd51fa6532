"""JSON that ordering reads."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AnyHttpUrl, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

ProductId = Annotated[int, Field(gt=0, lt=2**63)]


class CartItemAdd(BaseModel):
    """Put units of a product into the cart, on top of those already there."""

    model_config = ConfigDict(extra="forbid")

    product_id: ProductId | None = Field(None, description="A product: its first variant is meant.")
    variant_id: ProductId | None = Field(None, description="A chosen variant.")
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    recommendation_id: UUID | None = Field(None, description="The recommendation that led here.")

    @model_validator(mode="after")
    def _names_one(self) -> "CartItemAdd":
        if (self.product_id is None) == (self.variant_id is None):
            raise ValueError("name a product_id or a variant_id")
        return self

    @property
    def unit_id(self) -> int:
        """The variant: a product's first one bears the product's id."""
        return self.variant_id or self.product_id or 0


class CartItemSet(BaseModel):
    """How many units the cart should hold; 0 removes the line."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=0, le=1000)]


class AddressIn(BaseModel):
    """Where the goods go."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    line1: Annotated[str, Field(min_length=1, max_length=200)]
    line2: Annotated[str, Field(max_length=200)] = ""
    postal_code: Annotated[str, Field(min_length=1, max_length=20)]
    city: Annotated[str, Field(min_length=1, max_length=100)]
    region: Annotated[str, Field(max_length=10, pattern=r"^[A-Za-z0-9-]*$")] = ""
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
    phone: Annotated[str, Field(max_length=40)] = ""


class QuoteRequest(BaseModel):
    """What a checkout would be made with."""

    model_config = ConfigDict(extra="forbid")

    address: AddressIn | None = Field(None, description="Decides the tax.")
    delivery_method: Annotated[str, Field(max_length=40)] | None = None
    promotion_code: Annotated[str, Field(max_length=40)] | None = None


class Method(StrEnum):
    """How a checkout is paid."""

    CARD = "card"
    WALLET = "wallet"
    GIFT_CARD = "gift_card"
    CASH_ON_DELIVERY = "cash_on_delivery"
    BANK_TRANSFER = "bank_transfer"


class CheckoutRequest(QuoteRequest):
    """Pay for what the cart holds. With the token alone delivery is the standard one, and nothing is taxed."""

    payment_method: Method = Field(
        Method.CARD, description="With a bank transfer the order is placed, and sent once the money is there."
    )
    payment_token: Annotated[str, Field(max_length=100)] = Field(
        "",
        description="The gateway's token for a card, or `hosted` to enter the card on the gateway's own page;"
        " the code of a gift card; nothing for the others.",
    )
    expected_total_minor: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        None, description="The total that the person saw: a different one is refused instead of charged."
    )

    @model_validator(mode="after")
    def _has_what_it_is_paid_with(self) -> "CheckoutRequest":
        if not self.payment_token and self.payment_method in ("card", "gift_card"):
            raise ValueError("payment_token is needed for a card or a gift card")
        return self


class LineUnits(BaseModel):
    """So many units of one line."""

    model_config = ConfigDict(extra="forbid")

    line_number: Annotated[int, Field(ge=1, le=10_000)]
    quantity: Annotated[int, Field(ge=1, le=1000)]


Units = Annotated[list[LineUnits], Field(min_length=1, max_length=1000)]


def by_line(units: list[LineUnits]) -> dict[int, int]:
    """Units by line number; two entries of one line count together."""
    found: dict[int, int] = {}
    for each in units:
        found[each.line_number] = found.get(each.line_number, 0) + each.quantity
    return found


class ReturnRequest(BaseModel):
    """What should go back, and why."""

    model_config = ConfigDict(extra="forbid")

    lines: Units
    reason: Literal["damaged", "wrong_item", "not_as_described", "too_late", "changed_mind", "other"]
    comment: Annotated[str, Field(max_length=1000)] | None = None


class ShipmentCreate(BaseModel):
    """A parcel. Without lines it holds all that has not left."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    carrier: Annotated[str, Field(min_length=1, max_length=60)]
    tracking_number: Annotated[str, Field(min_length=1, max_length=100)]
    lines: Units | None = None


class Reason(BaseModel):
    """Why the shop does this."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class RefundCreate(Reason):
    """Money back beside any return."""

    amount_minor: Annotated[int, Field(gt=0, lt=2**63)]


class ReturnReceive(BaseModel):
    """The goods are back."""

    model_config = ConfigDict(extra="forbid")

    restock: bool = Field(description="Whether they go back onto the shelf; otherwise they are written off.")


class PromotionCreate(BaseModel):
    """A code and its conditions. Without products and departments it is for everything."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{3,40}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["percentage", "amount", "free_delivery", "buy_x_get_y"]
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    amount_minor: Annotated[int, Field(gt=0, lt=2**63)] | None = None
    buy_quantity: Annotated[int, Field(ge=1, le=1000)] | None = None
    get_quantity: Annotated[int, Field(ge=1, le=1000)] | None = None
    minimum_minor: Annotated[int, Field(ge=0, lt=2**63)] = 0
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    most_uses: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    most_per_customer: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    product_ids: Annotated[list[ProductId], Field(max_length=1000)] = []
    departments: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = []

    @model_validator(mode="after")
    def _is_whole(self) -> "PromotionCreate":
        needed = {
            "percentage": (self.percent,),
            "amount": (self.amount_minor,),
            "buy_x_get_y": (self.buy_quantity, self.get_quantity),
            "free_delivery": (),
        }
        if None in needed[self.kind]:
            raise ValueError(f"{self.kind} needs its numbers")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        return self


class PromotionSwitch(BaseModel):
    """End a promotion, or take it up again."""

    model_config = ConfigDict(extra="forbid")

    is_active: bool


class WebhookCreate(BaseModel):
    """Where to tell, and what."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[AnyHttpUrl, Field(max_length=1000)]
    event_types: Annotated[
        list[
            Literal[
                "ordering.order_placed",
                "ordering.order_cancelled",
                "ordering.order_shipped",
                "ordering.order_delivered",
                "ordering.order_returned",
            ]
        ],
        Field(min_length=1, max_length=5),
    ]


class WebhookState(BaseModel):
    """Whether an endpoint is told of anything."""

    model_config = ConfigDict(extra="forbid")

    is_active: bool


class WebhookSecret(BaseModel):
    """What signs an endpoint's messages from now on."""

    secret: str
