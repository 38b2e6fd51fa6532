"""What other domains may hold of inventory's."""

from dataclasses import dataclass
from datetime import timedelta

RESERVATION_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """Units of one product that an order holds."""

    product_id: int
    quantity: int
