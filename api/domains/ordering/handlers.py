"""What ordering does without being asked: it settles what checkouts left behind, and tells others of orders."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.ordering.service.sweep import SETTLE, hear_of_money, settle_checkout, sweep_unfinished
from api.domains.ordering.service.webhooks import DELIVER, TOLD, deliver, fan_out

MONEY = ("payments.payment_captured", "payments.payment_authorized", "payments.payment_cancelled")
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(TOLD, fan_out),
    **dict.fromkeys(MONEY, hear_of_money),
}
SWEEPS = (sweep_unfinished,)
TASKS: dict[str, Task] = {DELIVER: deliver, SETTLE: settle_checkout}
