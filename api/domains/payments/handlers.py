"""What payments do in the background: refunds and webhooks from the queue, and again where a process died."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.payments.service.recording import EXECUTE_REFUND
from api.domains.payments.service.refunds import execute_queued, sweep_refunds

HANDLERS: dict[str, Handler] = {}
TASKS: dict[str, Task] = {EXECUTE_REFUND: execute_queued}
SWEEPS = (sweep_refunds,)
