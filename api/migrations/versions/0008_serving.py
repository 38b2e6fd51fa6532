"""Serving: what the models leave for the API. Written by the pipelines, read by the API, one version at a time."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make schema serving."""
    op.execute("""
    CREATE SCHEMA serving;

    -- `parameters` are those of ml.recommendations.serving.Parameters; `metrics` has those of every candidate.
    CREATE TABLE serving.model_versions (
        version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        kind text NOT NULL,
        champion text NOT NULL,
        parameters jsonb NOT NULL,
        mlflow_run_id text,
        mlflow_version integer,
        metrics jsonb NOT NULL,
        lake_snapshots jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );

    -- One row per name: changing it is the swap.
    CREATE TABLE serving.active (
        name text PRIMARY KEY,
        version bigint NOT NULL REFERENCES serving.model_versions,
        activated_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE serving.item_factors (
        version bigint NOT NULL REFERENCES serving.model_versions ON DELETE CASCADE,
        product_id bigint NOT NULL,
        factors real[] NOT NULL,
        PRIMARY KEY (version, product_id)
    );

    -- relation: score (the champion's own weights), together (bought in one order), similar (alike by description).
    CREATE TABLE serving.item_neighbours (
        version bigint NOT NULL REFERENCES serving.model_versions ON DELETE CASCADE,
        relation text NOT NULL,
        product_id bigint NOT NULL,
        neighbours bigint[] NOT NULL,
        weights real[] NOT NULL,
        PRIMARY KEY (version, relation, product_id)
    );

    CREATE TABLE serving.customer_histories (
        version bigint NOT NULL REFERENCES serving.model_versions ON DELETE CASCADE,
        customer_id text NOT NULL,
        product_ids bigint[] NOT NULL,
        weights real[] NOT NULL,
        PRIMARY KEY (version, customer_id)
    );

    CREATE TABLE serving.popular (
        version bigint NOT NULL REFERENCES serving.model_versions ON DELETE CASCADE,
        scope text NOT NULL,
        product_ids bigint[] NOT NULL,
        scores real[] NOT NULL,
        PRIMARY KEY (version, scope)
    );

    GRANT USAGE ON SCHEMA serving TO agora_api, agora_pipelines;
    GRANT SELECT ON ALL TABLES IN SCHEMA serving TO agora_api;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA serving TO agora_pipelines;
    """)


def downgrade() -> None:
    """Remove schema serving with everything in it."""
    op.execute("DROP SCHEMA serving CASCADE")
