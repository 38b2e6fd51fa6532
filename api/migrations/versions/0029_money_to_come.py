"""Less to be taken of money that has not come yet, a timeline that says when it came, and reminders of disputes."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KINDS = (
    "'begun', 'placed', 'expired', 'cancelled', 'shipped', 'delivered', 'return_requested', 'return_accepted',"
    " 'return_refused', 'returned', 'refunded', 'noted'"
)


def upgrade() -> None:
    """Two columns, and a check that allows one more kind."""
    op.execute("""
    ALTER TABLE payments.payments ADD COLUMN waived_minor bigint NOT NULL DEFAULT 0
        CHECK (0 <= waived_minor AND waived_minor <= amount_minor);
    COMMENT ON COLUMN payments.payments.waived_minor IS 'Taken off before the money came.';
    CREATE INDEX ix_payments_transfers ON payments.payments (created_at)
        WHERE method = 'bank_transfer' AND intent_status = 'processing';
    """)
    op.execute("ALTER TABLE payments.disputes ADD COLUMN reminded_at timestamptz")
    op.execute(f"""
    ALTER TABLE ordering.order_history DROP CONSTRAINT ck_order_history_kind,
        ADD CONSTRAINT ck_order_history_kind CHECK (kind IN ({KINDS}, 'paid'));
    """)


def downgrade() -> None:
    """What was taken off is forgotten; that money came stays in the timeline as a note."""
    op.execute("ALTER TABLE ordering.order_history DISABLE TRIGGER order_history_is_append_only")
    op.execute("UPDATE ordering.order_history SET kind = 'noted' WHERE kind = 'paid'")
    op.execute("ALTER TABLE ordering.order_history ENABLE TRIGGER order_history_is_append_only")
    op.execute(f"""
    ALTER TABLE ordering.order_history DROP CONSTRAINT ck_order_history_kind,
        ADD CONSTRAINT ck_order_history_kind CHECK (kind IN ({KINDS}));
    """)
    op.execute("ALTER TABLE payments.disputes DROP COLUMN reminded_at")
    op.execute("DROP INDEX payments.ix_payments_transfers")
    op.execute("ALTER TABLE payments.payments DROP COLUMN waived_minor")
