"""What sales and verdicts on reviews say of how far somebody is trusted; what a backtest did not look at."""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room; `agora reputation --rebuild` counts what happened before."""
    op.execute("""
    ALTER TABLE communities.trust_things DROP CONSTRAINT trust_things_kind_check, ADD CONSTRAINT trust_things_kind_check
        CHECK (kind IN ('post', 'comment', 'review', 'order', 'verdict', 'sale', 'refund', 'dispute'));
    COMMENT ON COLUMN communities.trust_things.author_id IS
        'Whose it is; null as long as only votes on it, or what became of it, were heard of.';
    ALTER TABLE communities.trust
        ADD COLUMN sales integer NOT NULL DEFAULT 0,
        ADD COLUMN cancelled integer NOT NULL DEFAULT 0,
        ADD COLUMN refunded integer NOT NULL DEFAULT 0,
        ADD COLUMN disputed integer NOT NULL DEFAULT 0;

    ALTER TABLE serving.backtests
        ADD COLUMN unseen bigint NOT NULL DEFAULT 0,
        ADD COLUMN failed bigint NOT NULL DEFAULT 0;
    COMMENT ON COLUMN serving.backtests.unseen IS 'Texts of which no facts were told, so that they were not asked.';
    COMMENT ON COLUMN serving.backtests.failed IS 'Texts on which the condition failed, and therefore said nothing.';
    """)


def downgrade() -> None:
    """Forget it."""
    op.execute("""
    ALTER TABLE serving.backtests DROP COLUMN unseen, DROP COLUMN failed;
    ALTER TABLE communities.trust DROP COLUMN sales, DROP COLUMN cancelled, DROP COLUMN refunded, DROP COLUMN disputed;
    DELETE FROM communities.trust_things WHERE kind IN ('verdict', 'sale', 'refund', 'dispute');
    ALTER TABLE communities.trust_things DROP CONSTRAINT trust_things_kind_check, ADD CONSTRAINT trust_things_kind_check
        CHECK (kind IN ('post', 'comment', 'review', 'order'));
    COMMENT ON COLUMN communities.trust_things.author_id IS 'Null as long as only votes on it were heard of.';
    """)
