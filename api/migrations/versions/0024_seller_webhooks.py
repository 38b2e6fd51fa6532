"""Webhooks of sellers, which are told of their own orders alone."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Endpoints that are there are the house's, and told of everything as before."""
    op.execute("""
    ALTER TABLE ordering.webhook_endpoints ADD COLUMN is_house boolean NOT NULL DEFAULT true;
    ALTER TABLE ordering.webhook_endpoints ALTER COLUMN is_house DROP DEFAULT;
    COMMENT ON COLUMN ordering.webhook_endpoints.is_house IS 'Told of all orders; others of their owner''s own.';
    CREATE INDEX ix_webhook_endpoints_owner ON ordering.webhook_endpoints (owner_id, created_at DESC);
    """)


def downgrade() -> None:
    """A seller's endpoint must not hear of everything: it goes."""
    op.execute("""
    DELETE FROM ordering.webhook_endpoints WHERE NOT is_house;
    DROP INDEX ordering.ix_webhook_endpoints_owner;
    ALTER TABLE ordering.webhook_endpoints DROP COLUMN is_house;
    """)
