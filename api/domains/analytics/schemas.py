"""JSON of analytics."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

EventType = Literal[
    "analytics.page_viewed",
    "analytics.product_viewed",
    "analytics.post_viewed",
    "analytics.article_viewed",
    "analytics.search_performed",
    "analytics.cart_item_added",
    "analytics.checkout_started",
]


class CapturedEvent(BaseModel):
    """One behaviour event. `anonymous_id` in `data` is the caller's own where it is missing."""

    type: EventType
    id: UUID | None = Field(None, description="Give one to send a batch again without counting it twice.")
    time: datetime | None = Field(None, description="At most 5 minutes ahead and 7 days old; now where it is missing.")
    data: dict[str, Any]


class Batch(BaseModel):
    """Up to 500 events."""

    events: Annotated[list[CapturedEvent], Field(min_length=1, max_length=500)]


class Refusal(BaseModel):
    """Why the event at `index` was not taken."""

    index: int
    field: str
    reason: str


class BatchAnswer(BaseModel):
    """Ids of the events that are safe, in order, and what was refused."""

    accepted: list[UUID]
    refused: list[Refusal]


class DaySales(BaseModel):
    """Sales of a day; money in minor units of `currency`."""

    day: date
    currency: str
    orders: int
    units: int
    revenue_minor: int
    discount_minor: int
    customers: int
    new_customers: int


class DayFunnel(BaseModel):
    """Sessions that started on a day, and how many of them took each step."""

    day: date
    sessions: int
    viewed: int
    carted: int
    checked_out: int
    ordered: int


class BestSeller(BaseModel):
    """A product by its revenue of the last 28 days."""

    product_id: int
    title: str
    department: str
    brand: str
    units_28d: int
    revenue_minor_28d: int


class WeekCustomers(BaseModel):
    """Customers who ordered in a week (from Monday)."""

    week: date
    active: int
    new: int
    returning: int


class Totals(BaseModel):
    """Sums over a period."""

    orders: int
    units: int
    revenue_minor: int
    discount_minor: int
    new_customers: int


class Overview(BaseModel):
    """Sales, customers, funnel and best sellers up to `as_of`, with the period before for comparison."""

    as_of: datetime
    built_at: datetime
    currency: str
    days: int
    totals: Totals
    previous: Totals
    sales: list[DaySales]
    previous_sales: list[DaySales]
    funnel: list[DayFunnel]
    previous_funnel: list[DayFunnel]
    best_sellers: list[BestSeller]
    customers: list[WeekCustomers]


class LiveFigure(BaseModel):
    """A figure of the last half hour; `minutes` from `since` on. Null: not known. Money in minor units."""

    key: str
    now: int | None
    is_about: bool = Field(description="Counted to within one per cent; the others are exact.")
    minutes: list[int]
    warehouse: int | None = Field(description="In the half hour that ends with `warehouse_as_of`.")
    week_before: int | None = Field(description="In the same half hour a week before, from the warehouse.")


class LiveHalfHour(BaseModel):
    """The last half hour from the stream, as of `as_of`, beside half hours of the warehouse."""

    since: datetime | None
    as_of: datetime | None
    is_stale: bool
    warehouse_as_of: datetime | None
    currency: str
    figures: list[LiveFigure]
