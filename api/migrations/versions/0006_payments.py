"""Payments: one attempt at a charge per order, and a double-entry ledger that can only grow and sums to zero."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PAYMENTS = """
CREATE SCHEMA payments;

CREATE TABLE payments.payments (
    payment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    status text NOT NULL
        CHECK (status IN ('processing', 'succeeded', 'declined', 'cancelled', 'refunding', 'refunded')),
    reason text,
    gateway text NOT NULL,
    charge_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (status <> 'declined' OR reason IS NOT NULL),
    CHECK (status NOT IN ('succeeded', 'refunding', 'refunded') OR charge_id IS NOT NULL)
);
CREATE INDEX ix_payments_refunding ON payments.payments (updated_at) WHERE status = 'refunding';
"""

LEDGER = """
CREATE TABLE payments.ledger_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments.payments,
    posting text NOT NULL CHECK (posting IN ('capture', 'refund')),
    account text NOT NULL CHECK (account IN ('gateway', 'sales')),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency char(3) NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (payment_id, posting, account)
);
COMMENT ON COLUMN payments.ledger_entries.amount_minor IS 'Debit above zero, credit below; a posting sums to zero.';

CREATE FUNCTION payments.refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_entries_are_append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_rewriting_history();

CREATE FUNCTION payments.refuse_unbalanced_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM payments.ledger_entries
        WHERE payment_id = NEW.payment_id AND posting = NEW.posting
        GROUP BY currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'posting % of payment % does not sum to zero', NEW.posting, NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER postings_are_balanced AFTER INSERT ON payments.ledger_entries
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_unbalanced_posting();
"""

GRANTS = """
GRANT USAGE ON SCHEMA payments TO agora_api;
GRANT SELECT, INSERT, UPDATE ON payments.payments TO agora_api;
GRANT SELECT, INSERT ON payments.ledger_entries TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA payments TO agora_api;
"""


def upgrade() -> None:
    for statement in (PAYMENTS, LEDGER, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA payments CASCADE")
