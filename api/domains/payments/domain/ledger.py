"""The books: whole transactions in double entry. A debit is above zero, a credit below; each sums to zero.

Chart of accounts. What we have or are owed: `gateway` (clearing of the payment gateway), `bank`, `cash`,
`dispute_reserve`. What we owe: `tax`, `wallet:<customer>`, `gift_card:<card>`, `seller:<seller>`. What we earn and
lose: `sales`, `commission`, `refunds`, `fees`, `goodwill`.
"""

from dataclasses import dataclass, field
from uuid import UUID

from api.domains.payments.domain.intents import PaymentIntent
from ingestion.contracts import new_event_id

GATEWAY, BANK, CASH, SALES, TAX = "gateway", "bank", "cash", "sales", "tax"
REFUNDS, RESERVE, FEES, GOODWILL = "refunds", "dispute_reserve", "fees", "goodwill"


def wallet_account(customer_id: UUID) -> str:
    """What we owe a customer."""
    return f"wallet:{customer_id}"


def gift_card_account(gift_card_id: UUID) -> str:
    """What is left on a gift card."""
    return f"gift_card:{gift_card_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transaction."""

    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """One thing that happened, once: `key` names it. Raises ValueError for entries that do not sum to zero."""

    key: str
    kind: str
    currency: str
    entries: tuple[Entry, ...]
    payment_id: UUID | None = None
    reverses: UUID | None = None
    transaction_id: UUID = field(default_factory=new_event_id)

    def __post_init__(self) -> None:
        if len(self.entries) < 2 or any(entry.amount_minor == 0 for entry in self.entries):
            raise ValueError("a transaction has two entries or more, none of them zero")
        if sum(entry.amount_minor for entry in self.entries):
            raise ValueError("a transaction sums to zero")
        if (self.kind == "reversal") != (self.reverses is not None):
            raise ValueError("a reversal points at what it reverses, and nothing else does")

    def reversed(self, key: str) -> "LedgerTransaction":
        """The transaction that undoes this one and points at it."""
        entries = tuple(Entry(entry.account, -entry.amount_minor) for entry in self.entries)
        return LedgerTransaction(key, "reversal", self.currency, entries, self.payment_id, self.transaction_id)


def _entries(*sides: tuple[str, int]) -> tuple[Entry, ...]:
    return tuple(Entry(account, amount) for account, amount in sides if amount)


def capture_key(payment_id: UUID) -> str:
    """Names the capture of a payment."""
    return f"capture:{payment_id}"


def refund_key(refund_id: UUID) -> str:
    """Names a refund, whether posted as a refund or as a reversal."""
    return f"refund:{refund_id}"


def captured(intent: PaymentIntent) -> LedgerTransaction:
    """Money came in: where it came through is debited, sales and tax are credited."""
    taken = intent.captured_minor
    tax = intent.tax_in(taken)
    entries = _entries((intent.funding, taken), (SALES, tax - taken), (TAX, -tax))
    return LedgerTransaction(capture_key(intent.payment_id), "capture", intent.currency, entries, intent.payment_id)


def refunded(intent: PaymentIntent, refund_id: UUID, amount_minor: int) -> LedgerTransaction:
    """A part went back the way it came, with the tax in it. To be posted before the intent counts it as refunded."""
    tax = intent.tax_in(amount_minor, intent.refunded_minor)
    entries = _entries((REFUNDS, amount_minor - tax), (TAX, tax), (intent.funding, -amount_minor))
    return LedgerTransaction(refund_key(refund_id), "refund", intent.currency, entries, intent.payment_id)


def dispute_opened(payment_id: UUID, dispute_id: str, amount_minor: int, currency: str) -> LedgerTransaction:
    """The bank took the money back until it has decided: it is set apart. `dispute_id` is the gateway's."""
    entries = _entries((RESERVE, amount_minor), (GATEWAY, -amount_minor))
    return LedgerTransaction(f"dispute:{dispute_id}", "dispute", currency, entries, payment_id)


def dispute_lost(payment_id: UUID, dispute_id: str, amount_minor: int, currency: str) -> LedgerTransaction:
    """It stays away: the reserve becomes a refund."""
    entries = _entries((REFUNDS, amount_minor), (RESERVE, -amount_minor))
    return LedgerTransaction(f"dispute_lost:{dispute_id}", "dispute_lost", currency, entries, payment_id)


def dispute_fee(payment_id: UUID, dispute_id: str, fee_minor: int, currency: str) -> LedgerTransaction:
    """What the gateway keeps for a lost dispute."""
    entries = _entries((FEES, fee_minor), (GATEWAY, -fee_minor))
    return LedgerTransaction(f"dispute_fee:{dispute_id}", "dispute_fee", currency, entries, payment_id)


def credited(key: str, account: str, amount_minor: int, currency: str) -> LedgerTransaction:
    """The house gives somebody credit: a gift card, or money in a wallet."""
    return LedgerTransaction(key, "credit", currency, _entries((GOODWILL, amount_minor), (account, -amount_minor)))
