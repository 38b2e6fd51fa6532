"""The only door into payments for other domains.

`charge`, `confirm`, `ask`, `void`, `capture`, `refund` and `sweep_refunds` speak to the gateway: call them outside any
transaction. `record` what `charge`, `confirm`, `ask` and `void` say inside the transaction that acts on it.
"""

from api.domains.payments.repository.ledger import balance, balances
from api.domains.payments.service.gateways import current_name
from api.domains.payments.service.intents import (
    ask,
    capture,
    charge,
    confirm,
    create,
    create_intent,
    find,
    record,
    void,
)
from api.domains.payments.service.reconciliation import reconcile
from api.domains.payments.service.refunds import (
    begin_refund,
    refund,
    refund_part,
    refundable,
    sweep_refunds,
    take_less,
)
from api.domains.payments.service.stored_value import code_of, credit_wallet, gift_card, issue_gift_card, wallet
from api.domains.payments.service.transfers import instructions, overdue_transfers

__all__ = [
    "ask",
    "balance",
    "balances",
    "begin_refund",
    "capture",
    "charge",
    "code_of",
    "confirm",
    "create",
    "create_intent",
    "credit_wallet",
    "current_name",
    "find",
    "gift_card",
    "instructions",
    "issue_gift_card",
    "overdue_transfers",
    "reconcile",
    "record",
    "refund",
    "refund_part",
    "refundable",
    "sweep_refunds",
    "take_less",
    "void",
    "wallet",
]
