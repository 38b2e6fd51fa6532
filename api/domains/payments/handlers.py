"""What payments do in the background: refunds and webhooks from the queue, and again where a process died."""

from api.core.idempotency import purge_old_keys
from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.payments.service.intents import void_queued
from api.domains.payments.service.notices import remind_of_deadlines, tell_operators
from api.domains.payments.service.reconciliation import sweep_days
from api.domains.payments.service.recording import EXECUTE_REFUND
from api.domains.payments.service.refunds import VOID, execute_queued, sweep_refunds
from api.domains.payments.service.webhooks import FOLLOW, follow, sweep_webhooks
from ingestion.contracts.payments import DisputeOpened, RefundFailed

HANDLERS: dict[str, Handler] = dict.fromkeys((DisputeOpened.type, RefundFailed.type), tell_operators)
TASKS: dict[str, Task] = {EXECUTE_REFUND: execute_queued, VOID: void_queued, FOLLOW: follow}
SWEEPS = (sweep_refunds, sweep_webhooks, sweep_days, purge_old_keys, remind_of_deadlines)
