"""What the worker does for inventory."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.inventory.service import alerts, claims, shelves
from ingestion.contracts.catalog import ItemUnwished, ItemWished
from ingestion.contracts.inventory import StockMoved

HANDLERS: dict[str, Handler] = {
    StockMoved.type: alerts.hear_of_stock,
    ItemWished.type: alerts.hear_of_wishes,
    ItemUnwished.type: alerts.hear_of_wishes,
}
TASKS: dict[str, Task] = {claims.SPREAD_STOCK: shelves.spread_stock}
SWEEPS = (shelves.gather_quiet, alerts.tell_waiting, alerts.look_again)
