"""What a rule would have done in the last days, as the pipelines found it in the lake."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BACKTESTS = """
CREATE TABLE serving.backtests (
    backtest_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    rule_version integer NOT NULL,
    expression text NOT NULL,
    days integer NOT NULL CHECK (days BETWEEN 1 AND 365),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    problem text,
    texts bigint NOT NULL DEFAULT 0,
    hits bigint NOT NULL DEFAULT 0,
    people bigint NOT NULL DEFAULT 0,
    most_by_one bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    stood bigint NOT NULL DEFAULT 0,
    alone bigint NOT NULL DEFAULT 0,
    overlap jsonb NOT NULL DEFAULT '{}',
    by_week jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX ix_backtests_rule ON serving.backtests (rule, backtest_id DESC);
CREATE UNIQUE INDEX uq_backtests_waiting ON serving.backtests (rule) WHERE finished_at IS NULL;
COMMENT ON TABLE serving.backtests IS 'Asked for by the API, answered by the pipelines.';

GRANT SELECT, INSERT ON serving.backtests TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON serving.backtests TO agora_pipelines;
GRANT USAGE ON SCHEMA moderation TO agora_pipelines;
GRANT SELECT ON moderation.rules TO agora_pipelines;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(BACKTESTS)


def downgrade() -> None:
    """Remove it."""
    op.execute("REVOKE SELECT ON moderation.rules FROM agora_pipelines")
    op.execute("REVOKE USAGE ON SCHEMA moderation FROM agora_pipelines")
    op.execute("DROP TABLE serving.backtests")
