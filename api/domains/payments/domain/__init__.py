"""Rules of payments without a database: the intent's state machine, and the books."""

from api.domains.payments.domain.intents import NEXT_STATES, Heard, IllegalMove, PaymentIntent, TooMuch
from api.domains.payments.domain.ledger import Entry, LedgerTransaction

__all__ = ["NEXT_STATES", "Entry", "Heard", "IllegalMove", "LedgerTransaction", "PaymentIntent", "TooMuch"]
