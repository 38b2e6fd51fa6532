"""Addresses, one-time codes, second factors, preferences and consents; how fresh a sign-in is."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; sessions that are there count as confirmed when they began."""
    op.execute("""
    ALTER TABLE identity.customers ADD COLUMN email_verified_at timestamptz;
    ALTER TABLE identity.sessions ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now(),
                                  ADD COLUMN user_agent text NOT NULL DEFAULT '';
    UPDATE identity.sessions SET confirmed_at = created_at;
    COMMENT ON COLUMN identity.sessions.confirmed_at IS 'When the person last proved who it is.';

    CREATE TABLE identity.addresses (
        address_id uuid PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES identity.customers,
        name text NOT NULL,
        line1 text NOT NULL,
        line2 text NOT NULL DEFAULT '',
        city text NOT NULL,
        region text NOT NULL DEFAULT '',
        postal_code text NOT NULL,
        country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
        phone text NOT NULL DEFAULT '',
        is_default boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ix_addresses_customer_id ON identity.addresses (customer_id);
    CREATE UNIQUE INDEX uq_addresses_default ON identity.addresses (customer_id) WHERE is_default;

    -- One code at a time for each purpose: asking again replaces it. Kept as a MAC, for six digits are soon guessed.
    CREATE TABLE identity.codes (
        customer_id uuid NOT NULL REFERENCES identity.customers,
        purpose text NOT NULL CHECK (purpose IN ('verify-email', 'change-email', 'recover')),
        email text NOT NULL,
        code_mac bytea NOT NULL,
        tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (customer_id, purpose)
    );

    CREATE TABLE identity.second_factors (
        customer_id uuid PRIMARY KEY REFERENCES identity.customers,
        sealed_secret bytea NOT NULL,
        last_step bigint NOT NULL DEFAULT 0,
        enabled_at timestamptz
    );
    COMMENT ON COLUMN identity.second_factors.last_step IS 'The last 30-second step whose code was used.';
    CREATE TABLE identity.recovery_codes (
        customer_id uuid NOT NULL REFERENCES identity.second_factors ON DELETE CASCADE,
        code_hash bytea NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (customer_id, code_hash)
    );
    -- A sign-in whose password was right and whose second factor is awaited.
    CREATE TABLE identity.challenges (
        challenge_hash bytea PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES identity.customers,
        tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
        expires_at timestamptz NOT NULL
    );
    CREATE INDEX ix_challenges_expires_at ON identity.challenges (expires_at);

    CREATE TABLE identity.preferences (
        customer_id uuid PRIMARY KEY REFERENCES identity.customers,
        declined_mails text[] NOT NULL DEFAULT '{}'
    );
    CREATE TABLE identity.consents (
        entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES identity.customers,
        purpose text NOT NULL,
        version text NOT NULL,
        is_granted boolean NOT NULL,
        said_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ix_consents_customer_id ON identity.consents (customer_id, purpose, entry_id DESC);
    CREATE TRIGGER consents_are_append_only BEFORE UPDATE OR DELETE ON identity.consents
        FOR EACH ROW EXECUTE FUNCTION core.refuse_rewriting_history();

    GRANT SELECT, INSERT, UPDATE, DELETE ON identity.addresses, identity.codes, identity.second_factors,
        identity.recovery_codes, identity.challenges, identity.preferences TO agora_api;
    GRANT SELECT, INSERT ON identity.consents TO agora_api;
    """)


def downgrade() -> None:
    """Remove all of it."""
    op.execute("""
    DROP TABLE identity.consents, identity.preferences, identity.challenges, identity.recovery_codes,
        identity.second_factors, identity.codes, identity.addresses;
    ALTER TABLE identity.sessions DROP COLUMN confirmed_at, DROP COLUMN user_agent;
    ALTER TABLE identity.customers DROP COLUMN email_verified_at;
    """)
