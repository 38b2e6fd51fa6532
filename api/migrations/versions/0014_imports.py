"""Product files: each import and export with its progress and its counts. The files themselves lie in S3."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

RUNS = """
CREATE TABLE catalog.file_runs (
    run_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('import', 'export')),
    format text NOT NULL CHECK (format IN ('csv', 'parquet')),
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
    size_bytes bigint CHECK (size_bytes >= 0),
    is_dry_run boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
    fraction double precision NOT NULL DEFAULT 0 CHECK (fraction BETWEEN 0 AND 1),
    rows_read bigint NOT NULL DEFAULT 0,
    rows_new bigint NOT NULL DEFAULT 0,
    rows_changed bigint NOT NULL DEFAULT 0,
    rows_same bigint NOT NULL DEFAULT 0,
    rows_bad bigint NOT NULL DEFAULT 0,
    problem text,
    has_file boolean NOT NULL DEFAULT false,
    requested_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CHECK ((finished_at IS NOT NULL) = (status IN ('done', 'failed'))),
    CHECK (kind = 'export' OR rows_read = rows_new + rows_changed + rows_same + rows_bad)
);
CREATE INDEX ix_file_runs_created ON catalog.file_runs (created_at DESC, run_id DESC);
CREATE INDEX ix_file_runs_open ON catalog.file_runs (updated_at) WHERE status IN ('queued', 'running');
COMMENT ON COLUMN catalog.file_runs.has_file IS 'Whether something can be fetched: the bad rows, or the export.';
GRANT SELECT, INSERT, UPDATE ON catalog.file_runs TO agora_api;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(RUNS)


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP TABLE catalog.file_runs")
