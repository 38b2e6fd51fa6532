"""Experiments: which variants are compared, on whom, since when."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; one experiment at a time runs on a surface."""
    op.execute("""
    -- `variants`: [{name, share, parameters}], the first one is the control. What ran is never changed afterwards.
    CREATE TABLE recommendations.experiments (
        experiment_id text PRIMARY KEY CHECK (experiment_id ~ '^[a-z][a-z0-9-]{2,59}$'),
        hypothesis text NOT NULL CHECK (hypothesis <> ''),
        surface text NOT NULL,
        unit text NOT NULL CHECK (unit IN ('browser', 'customer')),
        variants jsonb NOT NULL,
        status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'running', 'stopped')),
        defined_by uuid NOT NULL,
        defined_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        stopped_at timestamptz,
        outcome text,
        CHECK ((status = 'draft') = (started_at IS NULL)),
        CHECK ((status = 'stopped') = (stopped_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX one_running_experiment_a_surface ON recommendations.experiments (surface)
        WHERE status = 'running';

    GRANT SELECT, INSERT, UPDATE ON recommendations.experiments TO agora_api;
    """)


def downgrade() -> None:
    """Forget them."""
    op.execute("DROP TABLE recommendations.experiments")
