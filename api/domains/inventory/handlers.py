"""What the worker does for inventory."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.inventory.service import claims, shelves

HANDLERS: dict[str, Handler] = {}
TASKS: dict[str, Task] = {claims.SPREAD_STOCK: shelves.spread_stock}
SWEEPS = (shelves.gather_quiet,)
