"""The only door into inventory for other domains, the worker and the loaders."""

from api.domains.inventory.errors import BelowClaims, NotAllocated, NothingReserved, NotShipped, OutOfStock
from api.domains.inventory.service.alerts import is_waiting, tell_waiting
from api.domains.inventory.service.claims import (
    allocate,
    is_prolonged,
    prolong,
    release,
    reserve,
    ship,
    sweep_expired,
    take_back,
)
from api.domains.inventory.service.live import HUB
from api.domains.inventory.service.shelves import (
    adjust,
    available,
    available_of_products,
    in_stock,
    locations,
    put_location,
    receive,
    receive_many,
    stock_differences,
    stock_summary,
)

__all__ = [
    "BelowClaims",
    "NotAllocated",
    "NotShipped",
    "NothingReserved",
    "OutOfStock",
    "adjust",
    "allocate",
    "available",
    "available_of_products",
    "close",
    "in_stock",
    "is_prolonged",
    "is_waiting",
    "locations",
    "prolong",
    "put_location",
    "receive",
    "receive_many",
    "release",
    "reserve",
    "ship",
    "stock_differences",
    "stock_summary",
    "sweep_expired",
    "take_back",
    "tell_waiting",
]


async def close() -> None:
    """End every stream of this process, before its connections close."""
    await HUB.close()
