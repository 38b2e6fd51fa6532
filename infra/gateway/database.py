"""The gateway's own state in SQLite: charges, refunds, disputes, movements of money, and events on their way out."""

import sqlite3
from pathlib import Path

VERSION = 2
CHARGES = """
CREATE TABLE charges (
    payment_id TEXT PRIMARY KEY,
    charge_id TEXT NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'requires_action', 'authorized', 'captured', 'declined', 'voided', 'refunded')),
    reason TEXT,
    token TEXT NOT NULL DEFAULT 'tok_ok',
    attempt INTEGER NOT NULL DEFAULT 1,
    is_manual INTEGER NOT NULL DEFAULT 0,
    captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor BETWEEN 0 AND amount_minor),
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND captured_minor),
    return_url TEXT,
    settles_at REAL NOT NULL,
    created_at REAL NOT NULL,
    CHECK ((status = 'declined') = (reason IS NOT NULL))
) STRICT
"""
OTHERS = """
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES charges,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    status TEXT NOT NULL CHECK (status IN ('succeeded', 'failed')),
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ix_refunds_payment ON refunds (payment_id);
CREATE TABLE IF NOT EXISTS disputes (
    dispute_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES charges,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    fee_minor INTEGER NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('needs_response', 'under_review', 'won', 'lost')),
    evidence TEXT,
    evidence_due_at REAL NOT NULL,
    opened_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ix_disputes_payment ON disputes (payment_id);
CREATE TABLE IF NOT EXISTS movements (
    reference TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    moved_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ix_movements_moved_at ON movements (moved_at);
CREATE TABLE IF NOT EXISTS events (
    event_id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    delivery_id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    is_done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS ix_deliveries_due ON deliveries (due_at) WHERE is_done = 0;
"""
CARRY_OVER = """
INSERT INTO charges (payment_id, charge_id, amount_minor, currency, status, reason, captured_minor, refunded_minor,
    settles_at, created_at)
SELECT payment_id, charge_id, amount_minor, currency, status, reason,
    CASE WHEN status IN ('captured', 'refunded') THEN amount_minor ELSE 0 END,
    CASE WHEN status = 'refunded' THEN amount_minor ELSE 0 END, settles_at, created_at
FROM charges_of_version_1;
INSERT INTO movements SELECT 'capture:' || payment_id, 'capture', payment_id, captured_minor, currency, settles_at
FROM charges WHERE captured_minor > 0;
INSERT INTO refunds SELECT payment_id, payment_id, refunded_minor, 'succeeded', settles_at
FROM charges WHERE refunded_minor > 0;
INSERT INTO movements SELECT 'refund:' || payment_id, 'refund', payment_id, -refunded_minor, currency, settles_at
FROM charges WHERE refunded_minor > 0;
DROP TABLE charges_of_version_1;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """The database of one gateway, brought to the present version; one connection for all threads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # NORMAL outlives the end of the process, not that of the machine: a sandbox's money is worth no write to disk.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        old = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'charges'").fetchone()[0]
        steps = ["ALTER TABLE charges RENAME TO charges_of_version_1;"] if old else []
        steps += [CHARGES + ";", OTHERS, CARRY_OVER if old else ""]
        connection.executescript(f"BEGIN; {' '.join(steps)} PRAGMA user_version = {VERSION}; COMMIT;")
    return connection
