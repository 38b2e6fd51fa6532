"""Complaints of card holders: opened on demand, answered with evidence, decided on demand or by the deadline."""

import time
import uuid
from typing import Any

from infra.gateway.store import DiffersError, Store


def open_dispute(
    store: Store, payment_id: uuid.UUID, amount_minor: int | None, reason: str, seconds: float
) -> dict[str, Any]:
    """Dispute a captured charge, whole unless an amount is named. Raises DiffersError."""
    with store.writing() as db:
        row = db.execute("SELECT * FROM charges WHERE payment_id = ?", (str(payment_id),)).fetchone()
        rest = row["captured_minor"] - row["refunded_minor"] if row is not None else 0
        wanted = rest if amount_minor is None else amount_minor
        if not 0 < wanted <= rest:
            raise DiffersError
        dispute_id = store.open_dispute(db, str(payment_id), wanted, reason, seconds)
        return dict(db.execute("SELECT * FROM disputes WHERE dispute_id = ?", (dispute_id,)).fetchone())


def send_evidence(store: Store, dispute_id: str, evidence: str) -> dict[str, Any]:
    """The shop's side of the story, once and before the deadline. Raises LookupError and DiffersError."""
    with store.writing() as db:
        row = db.execute("SELECT * FROM disputes WHERE dispute_id = ?", (dispute_id,)).fetchone()
        if row is None:
            raise LookupError(dispute_id)
        if row["evidence"] != evidence:
            if row["status"] != "needs_response" or row["evidence_due_at"] < time.time():
                raise DiffersError
            db.execute(
                "UPDATE disputes SET evidence = ?, status = 'under_review' WHERE dispute_id = ?", (evidence, dispute_id)
            )
            store.announce(db, "dispute.updated", row["payment_id"])
        return dict(db.execute("SELECT * FROM disputes WHERE dispute_id = ?", (dispute_id,)).fetchone())


def close_dispute(store: Store, dispute_id: str, is_won: bool) -> dict[str, Any]:
    """The bank decides, once: the money comes back, or stays away and costs a fee. Raises LookupError."""
    with store.writing() as db:
        row = db.execute("SELECT * FROM disputes WHERE dispute_id = ?", (dispute_id,)).fetchone()
        if row is None:
            raise LookupError(dispute_id)
        if row["status"] not in ("won", "lost"):
            status = "won" if is_won else "lost"
            db.execute("UPDATE disputes SET status = ? WHERE dispute_id = ?", (status, dispute_id))
            amount = row["amount_minor"] if is_won else -row["fee_minor"]
            kind = "dispute_won" if is_won else "dispute_fee"
            store.moved(db, f"{kind}:{dispute_id}", kind, row["payment_id"], amount)
            store.announce(db, f"dispute.{status}", row["payment_id"])
        return dict(db.execute("SELECT * FROM disputes WHERE dispute_id = ?", (dispute_id,)).fetchone())


def close_overdue(store: Store) -> int:
    """Decide against the shop where no evidence came in time; returns how many."""
    with store.writing() as db:
        overdue = db.execute(
            "SELECT dispute_id FROM disputes WHERE status = 'needs_response' AND evidence_due_at < ?", (time.time(),)
        ).fetchall()
    for row in overdue:
        close_dispute(store, row["dispute_id"], is_won=False)
    return len(overdue)
