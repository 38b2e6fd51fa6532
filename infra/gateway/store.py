"""Charges in SQLite. One row per payment id is what makes every call repeatable."""

import sqlite3
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    payment_id TEXT PRIMARY KEY,
    charge_id TEXT NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'captured', 'declined', 'voided', 'refunded')),
    reason TEXT,
    settles_at REAL NOT NULL,
    created_at REAL NOT NULL,
    CHECK ((status = 'declined') = (reason IS NOT NULL))
) STRICT
"""

REFUSALS = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}


class ChargeDiffersError(Exception):
    """This payment id was used with another amount or currency."""


class UnknownTokenError(Exception):
    """No card stands behind the token."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What the gateway knows of one payment. `settles_at` is when a pending charge becomes a captured one."""

    payment_id: str
    charge_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str | None
    settles_at: float

    def answer(self) -> dict[str, Any]:
        """As the HTTP interface shows it."""
        shown = asdict(self)
        del shown["settles_at"]
        return shown


class ChargeStore:
    """All charges of one gateway. Calls block for one write to disk: run them in a thread."""

    def __init__(self, path: Path, slow_seconds: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def charge(self, payment_id: uuid.UUID, amount_minor: int, currency: str, token: str) -> Charge:
        """Take the money, or refuse; the same payment id again gets the charge as it stands.

        Raises ChargeDiffersError and UnknownTokenError.
        """
        known_tokens = {"tok_ok", "tok_slow", "tok_lost_answer", *REFUSALS}
        if token not in known_tokens:
            raise UnknownTokenError
        now = time.time()
        status, settles_at = "captured", now
        if token in REFUSALS:
            status = "declined"
        elif token == "tok_slow":  # noqa: S105 -- names a behaviour
            status, settles_at = "pending", now + self._slow_seconds
        with self._lock:
            self._insert(payment_id, amount_minor, currency, status, REFUSALS.get(token), settles_at)
            charge = self._settled(payment_id)
        if charge is None:
            raise LookupError(payment_id)
        if charge.status != "voided" and (charge.amount_minor, charge.currency) != (amount_minor, currency):
            raise ChargeDiffersError
        return charge

    def find(self, payment_id: uuid.UUID) -> Charge | None:
        """The charge as it stands, or None when no such payment was ever asked for."""
        with self._lock:
            return self._settled(payment_id)

    def void(self, payment_id: uuid.UUID) -> Charge:
        """Make sure that no money is held for this payment, now or later; returns what became of it.

        Captured becomes refunded; pending or never seen becomes voided, so that a charge still on its way is refused.
        """
        with self._lock:
            self._insert(payment_id, 0, "", "voided", None, time.time())
            self._settled(payment_id)
            self._connection.execute(
                "UPDATE charges SET status = CASE status WHEN 'captured' THEN 'refunded' ELSE 'voided' END"
                " WHERE payment_id = ? AND status IN ('captured', 'pending')",
                (str(payment_id),),
            )
            charge = self._settled(payment_id)
        if charge is None:
            raise LookupError(payment_id)
        return charge

    def balance(self) -> dict[str, dict[str, int]]:
        """Status → number of charges and their sum: for reconciliation."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT status, count(*) AS charges, sum(amount_minor) AS amount_minor FROM charges GROUP BY status"
            ).fetchall()
        return {row["status"]: {"charges": row["charges"], "amount_minor": row["amount_minor"]} for row in rows}

    def _insert(
        self,
        payment_id: uuid.UUID,
        amount_minor: int,
        currency: str,
        status: str,
        reason: str | None,
        settles_at: float,
    ) -> None:
        self._connection.execute(
            "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (payment_id) DO NOTHING",
            (
                str(payment_id),
                f"ch_{uuid.uuid4().hex}",
                amount_minor,
                currency,
                status,
                reason,
                settles_at,
                time.time(),
            ),
        )

    def _settled(self, payment_id: uuid.UUID) -> Charge | None:
        """Read one charge; a pending one whose time has come is captured first, also after a restart."""
        self._connection.execute(
            "UPDATE charges SET status = 'captured' WHERE payment_id = ? AND status = 'pending' AND settles_at <= ?",
            (str(payment_id), time.time()),
        )
        row = self._connection.execute("SELECT * FROM charges WHERE payment_id = ?", (str(payment_id),)).fetchone()
        return Charge(**{name: row[name] for name in Charge.__slots__}) if row else None
