"""What ordering does without being asked: it settles what checkouts left behind, and tells others of orders."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.ordering.service.sweep import sweep_unfinished
from api.domains.ordering.service.webhooks import DELIVER, TOLD, deliver, fan_out

HANDLERS: dict[str, Handler] = dict.fromkeys(TOLD, fan_out)
SWEEPS = (sweep_unfinished,)
TASKS: dict[str, Task] = {DELIVER: deliver}
