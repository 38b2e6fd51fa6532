"""The only door into ordering for pages, other domains, the worker and the loaders."""

from api.domains.ordering.service.cart import count_units, merge_cart, view_cart
from api.domains.ordering.service.imports import import_orders
from api.domains.ordering.service.orders import get_order, list_orders
from api.domains.ordering.service.sweep import sweep_unfinished

__all__ = [
    "count_units",
    "get_order",
    "import_orders",
    "list_orders",
    "merge_cart",
    "sweep_unfinished",
    "view_cart",
]
