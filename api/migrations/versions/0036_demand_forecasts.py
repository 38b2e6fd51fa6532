"""What the pipelines expect each variant to sell at each place."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, replaced as a whole by each forecast."""
    op.execute("""
    CREATE TABLE serving.demand_forecasts (
        variant_id bigint NOT NULL,
        location text NOT NULL,
        daily_mean double precision NOT NULL CHECK (daily_mean >= 0),
        daily_deviation double precision NOT NULL CHECK (daily_deviation >= 0),
        forecaster text NOT NULL,
        known_until date NOT NULL,
        mlflow_run_id text,
        made_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (variant_id, location)
    );
    COMMENT ON TABLE serving.demand_forecasts IS 'Units a day after known_until; without what is young.';
    GRANT SELECT ON serving.demand_forecasts TO agora_api;
    GRANT SELECT, INSERT, UPDATE, DELETE ON serving.demand_forecasts TO agora_pipelines;
    """)


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP TABLE serving.demand_forecasts")
