"""Customers, their roles, browser sessions and families of refresh tokens."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make schema identity."""
    op.execute("""
    CREATE SCHEMA identity;

    CREATE TABLE identity.customers (
        customer_id uuid PRIMARY KEY,
        email text NOT NULL UNIQUE CHECK (email = lower(email)),
        display_name text NOT NULL,
        password_hash text,
        source text NOT NULL,
        age_band text,
        income_band text,
        household_size text,
        registered_at timestamptz NOT NULL
    );

    CREATE TABLE identity.customer_roles (
        customer_id uuid NOT NULL REFERENCES identity.customers,
        role text NOT NULL CHECK (role IN ('analyst', 'executive', 'operator')),
        granted_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (customer_id, role)
    );

    -- A sign-in. A browser holds its token; an API client holds refresh tokens of it, each usable once.
    CREATE TABLE identity.sessions (
        session_id uuid PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES identity.customers,
        token_hash bytea UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz
    );
    CREATE INDEX ix_sessions_customer_id ON identity.sessions (customer_id);

    CREATE TABLE identity.refresh_tokens (
        token_hash bytea PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES identity.sessions,
        issued_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz
    );
    CREATE INDEX ix_refresh_tokens_session_id ON identity.refresh_tokens (session_id);

    GRANT USAGE ON SCHEMA identity TO agora_api;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA identity TO agora_api;
    """)


def downgrade() -> None:
    """Remove schema identity with everything in it."""
    op.execute("DROP SCHEMA identity CASCADE")
