"""The only door into inventory for other domains, the worker and the loaders."""

from api.domains.inventory.errors import NothingReserved, OutOfStock
from api.domains.inventory.service import (
    allocate,
    available,
    receive,
    receive_many,
    release,
    reserve,
    ship,
    sweep_expired,
    take_back,
)

__all__ = [
    "NothingReserved",
    "OutOfStock",
    "allocate",
    "available",
    "receive",
    "receive_many",
    "release",
    "reserve",
    "ship",
    "sweep_expired",
    "take_back",
]
