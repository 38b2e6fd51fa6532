"""The ledger: rows that are only ever added, a whole transaction in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import Line
from api.domains.payments.domain import Entry, LedgerTransaction

Reader = AsyncConnection | AsyncSession

POST = text("""
    WITH made AS (
        INSERT INTO payments.ledger_transactions (transaction_id, key, kind, payment_id, reverses)
        VALUES (:transaction_id, :key, :kind, :payment_id, :reverses)
        ON CONFLICT (key) DO NOTHING RETURNING transaction_id
    )
    INSERT INTO payments.ledger_entries (transaction_id, account, amount_minor, currency)
    SELECT made.transaction_id, side.account, side.amount_minor, :currency
    FROM made, unnest(CAST(:accounts AS text[]), CAST(:amounts AS bigint[])) AS side (account, amount_minor)
""")
GET = text("""
    SELECT t.transaction_id, t.key, t.kind, t.payment_id, t.reverses, e.account, e.amount_minor, e.currency
    FROM payments.ledger_transactions t JOIN payments.ledger_entries e USING (transaction_id)
    WHERE t.key = :key ORDER BY e.entry_id
""")
BALANCE = text("SELECT account, sum(amount_minor)::bigint AS amount FROM payments.ledger_entries GROUP BY account")
BALANCES = text("""
    SELECT account, currency, sum(amount_minor)::bigint AS amount
    FROM payments.ledger_entries GROUP BY account, currency ORDER BY account, currency
""")
BALANCE_OF = text("""
    SELECT coalesce(sum(amount_minor), 0)::bigint FROM payments.ledger_entries
    WHERE account = :account AND currency = :currency
""")
OF_PAYMENT = text("""
    SELECT t.key, t.kind, t.posted_at, e.account, e.amount_minor, e.currency
    FROM payments.ledger_transactions t JOIN payments.ledger_entries e USING (transaction_id)
    WHERE t.payment_id = :payment_id ORDER BY t.posted_at, t.transaction_id, e.entry_id
""")
GATEWAY_LINES = text("""
    SELECT t.key, t.kind, t.payment_id, e.amount_minor, e.currency, t.posted_at
    FROM payments.ledger_transactions t
    JOIN payments.ledger_entries e USING (transaction_id)
    JOIN payments.payments p USING (payment_id)
    WHERE e.account = 'gateway' AND p.gateway = :gateway
        AND ((t.posted_at >= :start AND t.posted_at < :end) OR t.key = ANY(:keys))
""")


async def post(session: AsyncSession, made: LedgerTransaction) -> bool:
    """Append a transaction; False when this very thing was posted before."""
    values = {
        "transaction_id": made.transaction_id,
        "key": made.key,
        "kind": made.kind,
        "payment_id": made.payment_id,
        "reverses": made.reverses,
        "currency": made.currency,
        "accounts": [entry.account for entry in made.entries],
        "amounts": [entry.amount_minor for entry in made.entries],
    }
    return bool((await session.execute(POST, values)).rowcount)  # type: ignore[attr-defined]


async def get(reader: Reader, key: str) -> LedgerTransaction | None:
    """The transaction of this name."""
    rows = (await reader.execute(GET, {"key": key})).all()
    if not rows:
        return None
    first = rows[0]
    entries = tuple(Entry(row.account, row.amount_minor) for row in rows)
    return LedgerTransaction(
        first.key, first.kind, first.currency, entries, first.payment_id, first.reverses, first.transaction_id
    )


async def balance(reader: Reader) -> dict[str, int]:
    """Account → its sum, all currencies together: for a shop with one."""
    return {row.account: row.amount for row in await reader.execute(BALANCE)}


async def balances(reader: Reader) -> dict[tuple[str, str], int]:
    """(account, currency) → its sum."""
    return {(row.account, row.currency): row.amount for row in await reader.execute(BALANCES)}


async def balance_of(reader: Reader, account: str, currency: str) -> int:
    """One account's sum; what we owe is below zero."""
    found: int = (await reader.execute(BALANCE_OF, {"account": account, "currency": currency})).scalar_one()
    return found


async def of_payment(reader: Reader, payment_id: UUID) -> list[Line]:
    """Everything that was posted for a payment, oldest first."""
    return [Line(**row._mapping) for row in await reader.execute(OF_PAYMENT, {"payment_id": payment_id})]


async def gateway_lines(
    reader: Reader, gateway: str, start: datetime, end: datetime, keys: Sequence[str]
) -> dict[str, Any]:
    """Key → what the ledger holds at the gateway: posted in the span of time, or named."""
    values = {"gateway": gateway, "start": start, "end": end, "keys": list(keys)}
    return {row.key: row for row in await reader.execute(GATEWAY_LINES, values)}
