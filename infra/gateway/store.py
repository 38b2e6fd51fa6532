"""Charges in SQLite. One row per payment id is what makes every call repeatable."""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.gateway import behaviour
from infra.gateway.database import open_database

DISPUTE_FEE_MINOR = 1500
EVIDENCE_SECONDS = 7 * 86400.0


class DiffersError(Exception):
    """This id was used with another amount or currency, or the charge's state does not allow the call."""


class UnknownTokenError(Exception):
    """No card stands behind the token."""


class Store:
    """All charges of one gateway. Calls of one charge take a tenth of a millisecond and wait for no disk."""

    def __init__(self, path: Path, slow_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._connection = open_database(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def charge(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Take the money, or refuse; the same payment id again gets the charge as it stands.

        A refused payment may be tried again with a higher `attempt`. Raises DiffersError and UnknownTokenError.
        """
        token, payment_id = wanted["token"], str(wanted["payment_id"])
        if token not in behaviour.TOKENS:
            raise UnknownTokenError
        with self.writing() as db:
            known = _row(db, payment_id)
            if known is None:
                self._insert(db, payment_id, wanted)
                self._begin(db, payment_id, wanted)
            elif known["status"] != "voided":
                if (known["amount_minor"], known["currency"]) != (wanted["amount_minor"], wanted["currency"]):
                    raise DiffersError
                if known["status"] == "declined" and wanted["attempt"] > known["attempt"]:
                    self._begin(db, payment_id, wanted)
            return self._settled(db, payment_id)

    def find(self, payment_id: uuid.UUID) -> dict[str, Any] | None:
        """The charge as it stands, or None when no such payment was ever asked for."""
        with self.writing() as db:
            return self._settled(db, str(payment_id)) if _row(db, str(payment_id)) else None

    def find_by_charge(self, charge_id: str) -> dict[str, Any] | None:
        """The charge of a hosted page."""
        with self.writing() as db:
            row = db.execute("SELECT payment_id FROM charges WHERE charge_id = ?", (charge_id,)).fetchone()
            return self._settled(db, row["payment_id"]) if row else None

    def decide(self, charge_id: str, is_confirmed: bool) -> dict[str, Any] | None:
        """The person's answer on the hosted page; only the first one counts."""
        with self.writing() as db:
            row = db.execute("SELECT * FROM charges WHERE charge_id = ?", (charge_id,)).fetchone()
            if row is None:
                return None
            if row["status"] == "requires_action" and is_confirmed:
                self._take(db, row)
            elif row["status"] == "requires_action":
                self._refuse(db, row["payment_id"], "authentication_refused")
            return self._settled(db, row["payment_id"])

    def capture(self, payment_id: uuid.UUID, amount_minor: int) -> dict[str, Any]:
        """Take what was authorized, or a part of it, once. Raises DiffersError."""
        with self.writing() as db:
            row = _row(db, str(payment_id))
            if row is None or row["status"] not in ("authorized", "captured", "refunded"):
                raise DiffersError
            if row["status"] == "authorized":
                if amount_minor > row["amount_minor"]:
                    raise DiffersError
                self._captured(db, row, amount_minor)
            elif row["captured_minor"] != amount_minor:
                raise DiffersError
            return self._settled(db, str(payment_id))

    def refund(self, payment_id: uuid.UUID, refund_id: uuid.UUID, amount_minor: int) -> dict[str, Any]:
        """Give a part back, once per refund id. Raises DiffersError."""
        with self.writing() as db:
            charge = self._settled(db, str(payment_id)) if _row(db, str(payment_id)) else None
            known = db.execute("SELECT * FROM refunds WHERE refund_id = ?", (str(refund_id),)).fetchone()
            if charge is None or (known and (known["payment_id"], known["amount_minor"]) != _key(charge, amount_minor)):
                raise DiffersError
            if known is None:
                if amount_minor > charge["captured_minor"] - charge["refunded_minor"]:
                    raise DiffersError
                self._give_back(db, str(payment_id), str(refund_id), amount_minor)
            row = db.execute("SELECT * FROM refunds WHERE refund_id = ?", (str(refund_id),)).fetchone()
            return dict(row)

    def void(self, payment_id: uuid.UUID) -> dict[str, Any]:
        """Make sure that no money is held for this payment, now or later; returns what became of it.

        Captured becomes refunded, by a refund that bears the payment's own id; anything earlier and never seen becomes
        voided, so that a charge still on its way is refused.
        """
        key = str(payment_id)
        with self.writing() as db:
            if _row(db, key) is None:
                self._insert(db, key, {"amount_minor": 0, "currency": "", "token": "tok_ok"}, "voided")
            charge = self._settled(db, key)
            rest = charge["captured_minor"] - charge["refunded_minor"]
            if charge["status"] == "captured" and rest:
                self._give_back(db, key, key, rest)
            elif charge["status"] in ("pending", "requires_action", "authorized"):
                db.execute("UPDATE charges SET status = 'voided' WHERE payment_id = ?", (key,))
                self.announce(db, "charge.voided", key)
            return self._settled(db, key)

    def balance(self) -> dict[str, dict[str, int]]:
        """Status → number of charges and their sum: for reconciliation."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT status, count(*) AS charges, sum(amount_minor) AS amount_minor FROM charges GROUP BY status"
            ).fetchall()
        return {row["status"]: {"charges": row["charges"], "amount_minor": row["amount_minor"]} for row in rows}

    def report(self, start: float, end: float) -> list[dict[str, Any]]:
        """Every movement of money in a span of time."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT * FROM movements WHERE moved_at >= ? AND moved_at < ? ORDER BY moved_at, reference",
                (start, end),
            ).fetchall()
        return [dict(row) for row in rows]

    def _begin(self, db: sqlite3.Connection, payment_id: str, wanted: dict[str, Any]) -> None:
        token = wanted["token"]
        db.execute(
            "UPDATE charges SET token = ?, attempt = ?, is_manual = ?, return_url = ?, status = 'pending',"
            " reason = NULL, settles_at = ? WHERE payment_id = ?",
            (
                token,
                wanted["attempt"],
                not wanted["capture"],
                wanted["return_url"],
                time.time() + (self.slow_seconds if token == behaviour.SLOW else 0),
                payment_id,
            ),
        )
        if token in behaviour.REFUSALS:
            self._refuse(db, payment_id, behaviour.REFUSALS[token])
        elif token == behaviour.ACTION:
            db.execute("UPDATE charges SET status = 'requires_action' WHERE payment_id = ?", (payment_id,))
            self.announce(db, "charge.requires_action", payment_id)

    def _refuse(self, db: sqlite3.Connection, payment_id: str, reason: str) -> None:
        db.execute("UPDATE charges SET status = 'declined', reason = ? WHERE payment_id = ?", (reason, payment_id))
        self.announce(db, "charge.declined", payment_id)

    def _take(self, db: sqlite3.Connection, row: sqlite3.Row) -> None:
        """Hold the money, and capture it unless that is asked for later."""
        if row["is_manual"]:
            db.execute("UPDATE charges SET status = 'authorized' WHERE payment_id = ?", (row["payment_id"],))
            self.announce(db, "charge.authorized", row["payment_id"])
        else:
            self._captured(db, row, row["amount_minor"])

    def _captured(self, db: sqlite3.Connection, row: sqlite3.Row, amount_minor: int) -> None:
        payment_id = row["payment_id"]
        db.execute(
            "UPDATE charges SET status = 'captured', captured_minor = ? WHERE payment_id = ?",
            (amount_minor, payment_id),
        )
        self.moved(db, f"capture:{payment_id}", "capture", payment_id, amount_minor)
        self.announce(db, "charge.captured", payment_id)
        if row["token"] == behaviour.DISPUTE:
            self.open_dispute(db, payment_id, amount_minor, "fraudulent", EVIDENCE_SECONDS)

    def _give_back(self, db: sqlite3.Connection, payment_id: str, refund_id: str, amount_minor: int) -> None:
        row = _row(db, payment_id)
        fails = row is not None and row["token"] == behaviour.REFUND_FAILS
        status = "failed" if fails else "succeeded"
        db.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?)", (refund_id, payment_id, amount_minor, status, time.time())
        )
        if not fails:
            db.execute(
                "UPDATE charges SET refunded_minor = refunded_minor + ?, status = CASE"
                " WHEN refunded_minor + ? = captured_minor THEN 'refunded' ELSE status END WHERE payment_id = ?",
                (amount_minor, amount_minor, payment_id),
            )
            self.moved(db, f"refund:{refund_id}", "refund", payment_id, -amount_minor)
        self.announce(db, f"refund.{status}", payment_id)

    def open_dispute(
        self, db: sqlite3.Connection, payment_id: str, amount_minor: int, reason: str, seconds: float
    ) -> str:
        """The holder complains at the bank: the bank takes the money back until it has decided."""
        dispute_id, now = f"dp_{uuid.uuid4().hex}", time.time()
        db.execute(
            "INSERT INTO disputes VALUES (?, ?, ?, ?, ?, 'needs_response', NULL, ?, ?)",
            (dispute_id, payment_id, amount_minor, DISPUTE_FEE_MINOR, reason, now + seconds, now),
        )
        self.moved(db, f"dispute:{dispute_id}", "dispute", payment_id, -amount_minor)
        self.announce(db, "dispute.opened", payment_id)
        return dispute_id

    def moved(self, db: sqlite3.Connection, reference: str, kind: str, payment_id: str, amount_minor: int) -> None:
        """Note that money moved: above zero to the shop, below zero from it."""
        db.execute(
            "INSERT INTO movements SELECT ?, ?, payment_id, ?, currency, ? FROM charges WHERE payment_id = ?",
            (reference, kind, amount_minor, time.time(), payment_id),
        )

    def announce(self, db: sqlite3.Connection, kind: str, payment_id: str) -> None:
        """Note an event of a charge, and when it is to be delivered."""
        token = db.execute("SELECT token FROM charges WHERE payment_id = ?", (payment_id,)).fetchone()["token"]
        is_first = (
            token == behaviour.REORDERED
            and not db.execute("SELECT count(*) FROM events WHERE payment_id = ?", (payment_id,)).fetchone()[0]
        )
        event_id, now = f"evt_{uuid.uuid4().hex}", time.time()
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (event_id, kind, payment_id, now))
        for seconds in behaviour.deliveries_of(token, is_first, self.slow_seconds):
            db.execute("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", (event_id, now + seconds))

    def _insert(self, db: sqlite3.Connection, payment_id: str, wanted: dict[str, Any], status: str = "pending") -> None:
        now, charge_id = time.time(), f"ch_{uuid.uuid4().hex}"
        db.execute(
            "INSERT INTO charges (payment_id, charge_id, amount_minor, currency, status, token, settles_at, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (payment_id, charge_id, wanted["amount_minor"], wanted["currency"], status, wanted["token"], now, now),
        )

    def _settled(self, db: sqlite3.Connection, payment_id: str) -> dict[str, Any]:
        """Read one charge; a pending one whose time has come is captured first, also after a restart."""
        row = _row(db, payment_id)
        if row is not None and row["status"] == "pending" and row["settles_at"] <= time.time():
            self._take(db, row)
            row = _row(db, payment_id)
        refunds = db.execute("SELECT * FROM refunds WHERE payment_id = ? ORDER BY created_at", (payment_id,))
        disputes = db.execute("SELECT * FROM disputes WHERE payment_id = ? ORDER BY opened_at", (payment_id,))
        shown = dict(row or {})
        return shown | {"refunds": [dict(row) for row in refunds], "disputes": [dict(row) for row in disputes]}


def _row(db: sqlite3.Connection, payment_id: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = db.execute("SELECT * FROM charges WHERE payment_id = ?", (payment_id,)).fetchone()
    return found


def _key(charge: dict[str, Any], amount_minor: int) -> tuple[str, int]:
    return str(charge["payment_id"]), amount_minor


def shown(charge: dict[str, Any], base_url: str) -> dict[str, Any]:
    """A charge as the HTTP interface shows it."""
    hidden = {"settles_at", "created_at", "token", "is_manual", "return_url"}
    action = f"{base_url}/pay/{charge['charge_id']}" if charge["status"] == "requires_action" else None
    return {name: value for name, value in charge.items() if name not in hidden} | {"next_action_url": action}
