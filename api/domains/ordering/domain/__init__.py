"""Rules of ordering without a database."""

from api.domains.ordering.domain.lines import (
    CURRENCY,
    LARGEST_QUANTITY,
    MOST_LINES,
    CartItem,
    PricedLine,
    can_be_bought,
    notices_of,
    price_lines,
    recommendation_of,
    total_of,
)
from api.domains.ordering.domain.order import NEXT_STATES, Order, Parcel, Returned, can_move
from api.domains.ordering.domain.pricing import (
    DeliveryPrice,
    Priced,
    TaxRate,
    Wishes,
    delivery_price,
    price_checkout,
    region_of,
    split,
)
from api.domains.ordering.domain.promotion import Promotion, Saving

__all__ = [
    "CURRENCY",
    "LARGEST_QUANTITY",
    "MOST_LINES",
    "NEXT_STATES",
    "CartItem",
    "DeliveryPrice",
    "Order",
    "Parcel",
    "Priced",
    "PricedLine",
    "Promotion",
    "Returned",
    "Saving",
    "TaxRate",
    "Wishes",
    "can_be_bought",
    "can_move",
    "delivery_price",
    "notices_of",
    "price_checkout",
    "price_lines",
    "recommendation_of",
    "region_of",
    "split",
    "total_of",
]
