"""The learned blend as files of a version, and the day that a customer last bought each product."""

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make serving.model_files, and room for days."""
    op.execute("""
    -- A file comes in parts, so that no value has to be held whole by whoever reads or writes.
    CREATE TABLE serving.model_files (
        version bigint NOT NULL REFERENCES serving.model_versions ON DELETE CASCADE,
        name text NOT NULL,
        part integer NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (version, name, part)
    );
    ALTER TABLE serving.model_files ALTER COLUMN content SET STORAGE EXTERNAL;
    COMMENT ON TABLE serving.model_files IS 'The folder of ml.recommendations.serving.files, where a blend answers.';
    GRANT SELECT ON serving.model_files TO agora_api;
    GRANT SELECT, INSERT, UPDATE, DELETE ON serving.model_files TO agora_pipelines;

    ALTER TABLE serving.customer_histories ADD COLUMN days real[];
    COMMENT ON COLUMN serving.customer_histories.days IS 'Days since the epoch of the last order of each product.';
    """)


def downgrade() -> None:
    """Without them: the single model of each version answers."""
    op.execute("""
    ALTER TABLE serving.customer_histories DROP COLUMN days;
    DROP TABLE serving.model_files;
    """)
