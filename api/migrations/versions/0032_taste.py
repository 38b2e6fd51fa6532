"""What a person does not want to be used for choosing, and what the shop does not want to be recommended."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make schema recommendations; histories say which reset they respect."""
    op.execute("""
    CREATE SCHEMA recommendations;

    -- A person is a customer, or the anonymous id of a browser. Customers choose `is_personalised` in identity.
    CREATE TABLE recommendations.choices (
        person_id uuid PRIMARY KEY,
        is_personalised boolean NOT NULL DEFAULT true,
        reset_at timestamptz,
        reset_id uuid,
        said_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE recommendations.removals (
        person_id uuid NOT NULL,
        product_id bigint NOT NULL,
        removed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (person_id, product_id)
    );

    -- Sold as ever, and recommended nowhere.
    CREATE TABLE recommendations.withheld (
        product_id bigint PRIMARY KEY,
        reason text NOT NULL CHECK (reason <> ''),
        withheld_by uuid NOT NULL,
        withheld_at timestamptz NOT NULL DEFAULT now()
    );

    -- When a person got the last mail of what fits them.
    CREATE TABLE recommendations.digests (
        customer_id uuid PRIMARY KEY,
        sent_at timestamptz NOT NULL
    );

    GRANT USAGE ON SCHEMA recommendations TO agora_api;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA recommendations TO agora_api;

    -- The person's last reset that this list respects: without it a list is of no use after a reset.
    ALTER TABLE serving.customer_histories ADD COLUMN reset_id text;
    """)


def downgrade() -> None:
    """Forget what they said."""
    op.execute("ALTER TABLE serving.customer_histories DROP COLUMN reset_id; DROP SCHEMA recommendations CASCADE")
