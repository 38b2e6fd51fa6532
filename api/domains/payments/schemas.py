"""JSON that payments read and answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Method = Literal["card", "wallet", "gift_card", "bank_transfer", "cash_on_delivery"]
Amount = Annotated[int, Field(gt=0, lt=2**53, description="Minor units.")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Request(BaseModel):
    """Nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class ConfirmRequest(Request):
    """Pay. `method` chooses another way than before."""

    token: Annotated[
        str, Field(max_length=100, description="The gateway's token of a card, or the code of a gift card.")
    ] = ""
    method: Method | None = None


class GiftCardRequest(Request):
    """The code of a gift card."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


class RefundRequest(Request):
    """Give a part back."""

    amount_minor: Amount
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class CaptureRequest(Request):
    """Take what is held, or a part of it."""

    amount_minor: Amount | None = None


class EvidenceRequest(Request):
    """What the bank should know."""

    evidence: Annotated[str, Field(min_length=1, max_length=20_000)]


class IssueRequest(Request):
    """A new gift card."""

    amount_minor: Amount
    currency: Currency = "USD"
    expires_at: AwareDatetime | None = None


class CreditRequest(Request):
    """Money for a wallet."""

    amount_minor: Amount
    currency: Currency = "USD"


class TransferOut(BaseModel):
    """How to pay by bank transfer."""

    account: str
    reference: str
    amount_minor: int
    currency: str
    within_days: int


class Payment(BaseModel):
    """A payment as its customer sees it."""

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    status: str = Field(description="What came of it: the state, with declines and refunds told apart.")
    intent_status: str = Field(description="Where its state machine stands.")
    next_states: list[str] = Field(description="Where it can go from there.")
    method: Method
    reason: str | None
    captured_minor: int
    refunded_minor: int
    next_action_url: str | None
    transfer: TransferOut | None = Field(None, description="Where to send a bank transfer that has not come yet.")


class Wallet(BaseModel):
    """What a customer has, by currency."""

    balances: dict[str, int]


class GiftCardBalance(BaseModel):
    """What is left on a gift card."""

    last_four: str
    currency: str
    balance_minor: int
    expires_at: datetime | None


class IssuedGiftCard(BaseModel):
    """A new gift card; its code is shown here alone."""

    gift_card_id: UUID
    code: str


class Received(BaseModel):
    """A webhook was taken."""

    is_new: bool
