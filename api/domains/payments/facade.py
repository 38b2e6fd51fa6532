"""The only door into payments for other domains.

`charge`, `ask`, `void`, `refund` and `sweep_refunds` speak to the gateway: call them outside any transaction.
"""

from api.domains.payments.service.gateway import ask, charge, void
from api.domains.payments.service.payments import (
    balance,
    begin_refund,
    create,
    find,
    record,
    refund,
    sweep_refunds,
)

__all__ = [
    "ask",
    "balance",
    "begin_refund",
    "charge",
    "create",
    "find",
    "record",
    "refund",
    "sweep_refunds",
    "void",
]
