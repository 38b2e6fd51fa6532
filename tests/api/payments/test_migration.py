"""Payments of before partial refunds are carried over, and back: no entry of the ledger is lost."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql

from tests.api.conftest import _drop, _named

ROOT = Path(__file__).parents[3]
OLD = """
INSERT INTO payments.payments (payment_id, order_id, amount_minor, currency, status, reason, gateway, charge_id)
SELECT id, gen_random_uuid(), 500, 'USD', status, reason, 'sandbox', charge_id FROM (VALUES
    ('00000000-0000-0000-0000-000000000001'::uuid, 'processing', NULL, NULL),
    ('00000000-0000-0000-0000-000000000002', 'succeeded', NULL, 'ch_2'),
    ('00000000-0000-0000-0000-000000000003', 'declined', 'card_declined', 'ch_3'),
    ('00000000-0000-0000-0000-000000000004', 'cancelled', NULL, NULL),
    ('00000000-0000-0000-0000-000000000005', 'refunding', NULL, 'ch_5'),
    ('00000000-0000-0000-0000-000000000006', 'refunded', NULL, 'ch_6')) AS old (id, status, reason, charge_id);
INSERT INTO payments.ledger_entries (payment_id, posting, account, amount_minor, currency)
SELECT payment_id, 'capture', account, amount, 'USD' FROM payments.payments,
    (VALUES ('gateway', 500), ('sales', -500)) AS side (account, amount)
WHERE status IN ('succeeded', 'refunding', 'refunded');
INSERT INTO payments.ledger_entries (payment_id, posting, account, amount_minor, currency)
SELECT payment_id, 'refund', account, amount, 'USD' FROM payments.payments,
    (VALUES ('gateway', -500), ('sales', 500)) AS side (account, amount)
WHERE status = 'refunded';
"""
STATUSES = "SELECT right(payment_id::text, 1)::int, status FROM payments.payments ORDER BY 1"
BEFORE = [(1, "processing"), (2, "succeeded"), (3, "declined"), (4, "cancelled"), (5, "refunding"), (6, "refunded")]


@pytest.fixture
def old_database(migrated_env: dict[str, str]) -> Iterator[str]:
    """A database of the revision before, with a payment in every state."""
    owner_url = migrated_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_old_{secrets.token_hex(4)}"
    url = _named(owner_url, name)
    with psycopg.connect(_named(owner_url, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        move(url, "0012")
        with psycopg.connect(url) as connection:
            connection.execute(OLD)
        yield url
        _drop(admin, name)


def move(url: str, revision: str, *, back: bool = False) -> None:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    (command.downgrade if back else command.upgrade)(config, revision)


def test_there_and_back_again(old_database: str) -> None:
    for _ in range(2):
        move(old_database, "0013")
        with psycopg.connect(old_database) as connection:
            assert connection.execute(STATUSES).fetchall() == BEFORE
            query = "SELECT right(payment_id::text, 1)::int, amount_minor, status, is_reversal FROM payments.refunds"
            found = connection.execute(query + " ORDER BY 1").fetchall()
            assert found == [(5, 500, "pending", True), (6, 500, "succeeded", True)]
            query = "SELECT account, sum(amount_minor) FROM payments.ledger_entries GROUP BY 1 ORDER BY 1"
            assert connection.execute(query).fetchall() == [("gateway", 1000), ("sales", -1000)]
            query = "SELECT t.key, o.key FROM payments.ledger_transactions t LEFT JOIN payments.ledger_transactions o"
            query += " ON o.transaction_id = t.reverses WHERE right(t.payment_id::text, 1) = '6' ORDER BY 1"
            paid = "00000000-0000-0000-0000-000000000006"
            expected = [(f"capture:{paid}", None), (f"refund:{paid}", f"capture:{paid}")]
            assert connection.execute(query).fetchall() == expected
        move(old_database, "0012", back=True)
        with psycopg.connect(old_database) as connection:
            assert connection.execute(STATUSES).fetchall() == BEFORE
            query = "SELECT posting, sum(amount_minor), count(*) FROM payments.ledger_entries GROUP BY 1 ORDER BY 1"
            assert connection.execute(query).fetchall() == [("capture", 0, 6), ("refund", 0, 2)]
