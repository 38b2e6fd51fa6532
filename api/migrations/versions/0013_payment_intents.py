"""Payment intents, partial refunds, disputes, gift cards, wallets, webhooks and a ledger of whole transactions."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# `status` says what came of a payment, for whoever paid; it is derived, so it cannot contradict the intent.
INTENTS = """
ALTER TABLE payments.payments
    ADD COLUMN customer_id uuid,
    ADD COLUMN method text NOT NULL DEFAULT 'card'
        CHECK (method IN ('card', 'wallet', 'gift_card', 'bank_transfer', 'cash_on_delivery')),
    ADD COLUMN capture_method text NOT NULL DEFAULT 'automatic' CHECK (capture_method IN ('automatic', 'manual')),
    ADD COLUMN intent_status text,
    ADD COLUMN attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 0),
    ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0 AND tax_minor <= amount_minor),
    ADD COLUMN captured_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN promised_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN funding text NOT NULL DEFAULT 'gateway',
    ADD COLUMN next_action_url text;

UPDATE payments.payments SET
    intent_status = CASE status WHEN 'refunding' THEN 'succeeded' WHEN 'refunded' THEN 'succeeded'
        WHEN 'declined' THEN 'cancelled' ELSE status END,
    captured_minor = CASE WHEN status IN ('succeeded', 'refunding', 'refunded') THEN amount_minor ELSE 0 END,
    promised_minor = CASE WHEN status IN ('refunding', 'refunded') THEN amount_minor ELSE 0 END,
    refunded_minor = CASE WHEN status = 'refunded' THEN amount_minor ELSE 0 END,
    reason = CASE WHEN status = 'declined' THEN reason END;

ALTER TABLE payments.payments DROP COLUMN status;
ALTER TABLE payments.payments
    ALTER COLUMN intent_status SET NOT NULL,
    ADD COLUMN status text GENERATED ALWAYS AS (
        CASE
            WHEN intent_status = 'succeeded' AND refunded_minor = captured_minor THEN 'refunded'
            WHEN intent_status = 'succeeded' AND promised_minor = captured_minor THEN 'refunding'
            WHEN intent_status IN ('requires_payment_method', 'cancelled') AND reason IS NOT NULL THEN 'declined'
            ELSE intent_status
        END) STORED,
    ADD CHECK (intent_status IN ('requires_payment_method', 'requires_confirmation', 'requires_action', 'processing',
        'requires_capture', 'succeeded', 'cancelled')),
    ADD CHECK (0 <= refunded_minor AND refunded_minor <= promised_minor
        AND promised_minor <= captured_minor AND captured_minor <= amount_minor),
    ADD CHECK (intent_status <> 'succeeded' OR captured_minor > 0),
    ADD CHECK (reason IS NULL OR intent_status IN ('requires_payment_method', 'cancelled')),
    ADD CHECK (next_action_url IS NULL OR intent_status = 'requires_action');
CREATE INDEX ix_payments_customer ON payments.payments (customer_id, created_at) WHERE customer_id IS NOT NULL;
CREATE INDEX ix_payments_charge ON payments.payments (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX ix_payments_created ON payments.payments (created_at);
"""

REFUNDS = """
CREATE TABLE payments.refunds (
    refund_id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments.payments,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    is_reversal boolean NOT NULL DEFAULT false,
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    failure text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL))
);
COMMENT ON COLUMN payments.refunds.is_reversal IS 'The sale itself is undone: the capture is reversed in the ledger.';
CREATE INDEX ix_refunds_payment ON payments.refunds (payment_id);
CREATE INDEX ix_refunds_pending ON payments.refunds (requested_at) WHERE status = 'pending';

INSERT INTO payments.refunds
    (refund_id, payment_id, amount_minor, reason, is_reversal, status, requested_at, settled_at)
SELECT payment_id, payment_id, amount_minor, 'cancelled', true,
    CASE WHEN refunded_minor > 0 THEN 'succeeded' ELSE 'pending' END, updated_at,
    CASE WHEN refunded_minor > 0 THEN updated_at END
FROM payments.payments WHERE promised_minor > 0;

CREATE TABLE payments.disputes (
    dispute_id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments.payments,
    gateway text NOT NULL,
    gateway_dispute_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    fee_minor bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    reason text NOT NULL,
    status text NOT NULL CHECK (status IN ('needs_response', 'under_review', 'won', 'lost')),
    evidence text,
    evidence_due_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    UNIQUE (gateway, gateway_dispute_id),
    CHECK ((status IN ('won', 'lost')) = (closed_at IS NOT NULL))
);
CREATE INDEX ix_disputes_payment ON payments.disputes (payment_id);
CREATE INDEX ix_disputes_open ON payments.disputes (evidence_due_at) WHERE closed_at IS NULL;
"""

# Wallets and gift cards hold no balance: it is the sum of their ledger account. Their row is what a spender locks.
STORED_VALUE = """
CREATE TABLE payments.wallets (
    customer_id uuid NOT NULL,
    currency char(3) NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, currency)
);
CREATE TABLE payments.gift_cards (
    gift_card_id uuid PRIMARY KEY,
    code_digest bytea NOT NULL UNIQUE,
    last_four text NOT NULL CHECK (length(last_four) = 4),
    currency char(3) NOT NULL,
    initial_minor bigint NOT NULL CHECK (initial_minor > 0),
    expires_at timestamptz,
    issued_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN payments.gift_cards.code_digest IS 'SHA-256 of the normalised code, which has 80 random bits.';
"""

LEDGER = """
CREATE TABLE payments.ledger_transactions (
    transaction_id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN
        ('capture', 'refund', 'reversal', 'dispute', 'dispute_lost', 'dispute_fee', 'credit')),
    payment_id uuid REFERENCES payments.payments,
    reverses uuid UNIQUE REFERENCES payments.ledger_transactions,
    posted_at timestamptz NOT NULL DEFAULT now(),
    made_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CHECK (kind <> 'reversal' OR reverses IS NOT NULL)
);
COMMENT ON COLUMN payments.ledger_transactions.key IS 'What happened, once: capture:<payment>, refund:<refund>, …';
CREATE INDEX ix_ledger_transactions_payment ON payments.ledger_transactions (payment_id);
CREATE INDEX ix_ledger_transactions_posted ON payments.ledger_transactions (posted_at);

INSERT INTO payments.ledger_transactions (transaction_id, key, kind, payment_id, posted_at)
SELECT gen_random_uuid(), posting || ':' || payment_id, 'capture', payment_id, min(posted_at)
FROM payments.ledger_entries WHERE posting = 'capture' GROUP BY payment_id, posting;
INSERT INTO payments.ledger_transactions (transaction_id, key, kind, payment_id, reverses, posted_at)
SELECT gen_random_uuid(), e.posting || ':' || e.payment_id, 'reversal', e.payment_id, t.transaction_id, min(e.posted_at)
FROM payments.ledger_entries e
JOIN payments.ledger_transactions t ON t.key = 'capture:' || e.payment_id
WHERE e.posting = 'refund' GROUP BY e.payment_id, e.posting, t.transaction_id;

ALTER TABLE payments.ledger_entries RENAME TO ledger_entries_of_0006;
CREATE TABLE payments.ledger_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id uuid NOT NULL REFERENCES payments.ledger_transactions,
    account text NOT NULL CHECK (
        account IN ('gateway', 'bank', 'cash', 'sales', 'tax', 'refunds', 'commission', 'dispute_reserve', 'fees',
            'goodwill')
        OR account ~ '^(wallet|gift_card|seller):[0-9a-f-]{36}$'),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency char(3) NOT NULL,
    UNIQUE (transaction_id, account, currency)
);
COMMENT ON COLUMN payments.ledger_entries.amount_minor IS 'Debit above zero, credit below; a transaction sums to zero.';
INSERT INTO payments.ledger_entries (transaction_id, account, amount_minor, currency)
SELECT t.transaction_id, e.account, e.amount_minor, e.currency
FROM payments.ledger_entries_of_0006 e
JOIN payments.ledger_transactions t ON t.key = e.posting || ':' || e.payment_id
ORDER BY e.entry_id;
DROP TABLE payments.ledger_entries_of_0006;
DROP FUNCTION payments.refuse_unbalanced_posting;
CREATE INDEX ix_ledger_entries_account ON payments.ledger_entries (account, currency) INCLUDE (amount_minor);
"""

RULES_OF_THE_LEDGER = """
CREATE FUNCTION payments.refuse_unbalanced_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE entries integer; unbalanced boolean;
BEGIN
    SELECT count(*), bool_or(total <> 0) INTO entries, unbalanced FROM (
        SELECT sum(amount_minor) AS total FROM payments.ledger_entries
        WHERE transaction_id = NEW.transaction_id GROUP BY currency) AS sums;
    IF entries = 0 OR unbalanced THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM payments.ledger_transactions
                   WHERE transaction_id = NEW.transaction_id AND made_in = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'ledger transaction % is closed', NEW.transaction_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transactions_are_balanced AFTER INSERT ON payments.ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.refuse_unbalanced_transaction();
CREATE CONSTRAINT TRIGGER entries_are_balanced AFTER INSERT ON payments.ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.refuse_unbalanced_transaction();

CREATE TRIGGER ledger_transactions_are_append_only BEFORE UPDATE OR DELETE ON payments.ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_rewriting_history();
CREATE TRIGGER ledger_entries_are_append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_rewriting_history();
CREATE TRIGGER ledger_transactions_are_kept BEFORE TRUNCATE ON payments.ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_rewriting_history();
CREATE TRIGGER ledger_entries_are_kept BEFORE TRUNCATE ON payments.ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_rewriting_history();
"""

INCOMING = """
CREATE TABLE payments.webhook_events (
    gateway text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    reference text NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'unknown', 'done', 'given_up')),
    attempts integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz,
    PRIMARY KEY (gateway, event_id)
);
COMMENT ON COLUMN payments.webhook_events.reference IS 'The payment''s id, or the gateway''s own id of it.';
CREATE INDEX ix_webhook_events_open ON payments.webhook_events (received_at) WHERE status IN ('waiting', 'unknown');

CREATE TABLE payments.reconciliations (
    day date NOT NULL,
    gateway text NOT NULL,
    ran_at timestamptz NOT NULL DEFAULT now(),
    compared integer NOT NULL,
    differences jsonb NOT NULL,
    PRIMARY KEY (day, gateway)
);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON payments.refunds, payments.disputes, payments.wallets, payments.gift_cards,
    payments.webhook_events, payments.reconciliations TO agora_api;
GRANT SELECT, INSERT ON payments.ledger_transactions, payments.ledger_entries TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA payments TO agora_api;
GRANT DELETE ON core.idempotency_keys TO agora_api;
CREATE INDEX ix_idempotency_keys_created ON core.idempotency_keys (created_at);
"""

BACK = """
DROP INDEX core.ix_idempotency_keys_created;
REVOKE DELETE ON core.idempotency_keys FROM agora_api;
DROP TABLE payments.reconciliations, payments.webhook_events, payments.gift_cards, payments.wallets, payments.disputes;

CREATE TABLE payments.ledger_entries_of_0006 (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments.payments,
    posting text NOT NULL CHECK (posting IN ('capture', 'refund')),
    account text NOT NULL CHECK (account IN ('gateway', 'sales')),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency char(3) NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (payment_id, posting, account)
);
INSERT INTO payments.ledger_entries_of_0006 (payment_id, posting, account, amount_minor, currency, posted_at)
SELECT payment_id, posting, account, sign * amount_minor, currency, updated_at FROM payments.payments p
CROSS JOIN (VALUES ('capture', 'gateway', 1), ('capture', 'sales', -1),
    ('refund', 'gateway', -1), ('refund', 'sales', 1)) AS e (posting, account, sign)
WHERE captured_minor > 0 AND (posting = 'capture' OR refunded_minor = captured_minor);
DROP TABLE payments.ledger_entries, payments.ledger_transactions, payments.refunds;
DROP FUNCTION payments.refuse_unbalanced_transaction;
ALTER TABLE payments.ledger_entries_of_0006 RENAME TO ledger_entries;

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
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.refuse_unbalanced_posting();
CREATE TRIGGER ledger_entries_are_append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_rewriting_history();
GRANT SELECT, INSERT ON payments.ledger_entries TO agora_api;

ALTER TABLE payments.payments ADD COLUMN was text;
UPDATE payments.payments SET was = CASE
    WHEN status IN ('processing', 'succeeded', 'declined', 'cancelled', 'refunding', 'refunded') THEN status
    ELSE 'processing' END;
ALTER TABLE payments.payments DROP COLUMN status;
ALTER TABLE payments.payments RENAME COLUMN was TO status;
ALTER TABLE payments.payments
    ALTER COLUMN status SET NOT NULL,
    ADD CHECK (status IN ('processing', 'succeeded', 'declined', 'cancelled', 'refunding', 'refunded')),
    ADD CHECK (status <> 'declined' OR reason IS NOT NULL),
    ADD CHECK (status NOT IN ('succeeded', 'refunding', 'refunded') OR charge_id IS NOT NULL) NOT VALID,
    DROP COLUMN customer_id, DROP COLUMN method, DROP COLUMN capture_method, DROP COLUMN intent_status,
    DROP COLUMN attempt, DROP COLUMN tax_minor, DROP COLUMN captured_minor, DROP COLUMN promised_minor,
    DROP COLUMN refunded_minor, DROP COLUMN funding, DROP COLUMN next_action_url;
CREATE INDEX ix_payments_refunding ON payments.payments (updated_at) WHERE status = 'refunding';
DROP INDEX IF EXISTS payments.ix_payments_charge, payments.ix_payments_created;
"""


def upgrade() -> None:
    """Carry payments, refunds and the ledger over."""
    for statement in (INTENTS, REFUNDS, STORED_VALUE, LEDGER, RULES_OF_THE_LEDGER, INCOMING, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Back to one charge per payment: what the old ledger cannot say (partial refunds, disputes) is left out."""
    op.execute(BACK)
