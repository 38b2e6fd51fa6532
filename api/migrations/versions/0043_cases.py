"""Cases of moderation: reports, holds, signals and appeals in one queue; decisions, statements, strikes."""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

CASES = """
CREATE TABLE moderation.cases (
    case_id uuid PRIMARY KEY,
    origin text NOT NULL CHECK (origin IN ('hold', 'report', 'signal', 'appeal', 'initiative')),
    kind text NOT NULL CHECK (kind IN ('review', 'question', 'answer', 'post', 'comment', 'article', 'votes')),
    subject_id uuid NOT NULL,
    author_id uuid,
    community_id uuid,
    community text,
    title text NOT NULL DEFAULT '',
    body text NOT NULL DEFAULT '',
    url text NOT NULL,
    picture text,
    people uuid[] NOT NULL DEFAULT '{}',
    language text,
    rule text,
    rule_version integer,
    policy text NOT NULL,
    policy_version integer NOT NULL,
    severity smallint NOT NULL CHECK (severity BETWEEN 0 AND 3),
    reports integer NOT NULL DEFAULT 0 CHECK (reports >= 0),
    statement_id uuid,
    first_decider_id uuid,
    assignee_id uuid,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    decision_id uuid,
    decided_at timestamptz,
    CHECK ((decision_id IS NULL) = (decided_at IS NULL)),
    CHECK ((origin = 'appeal') = (statement_id IS NOT NULL))
);
COMMENT ON COLUMN moderation.cases.body IS 'The words that are judged, as they were when they were held or reported.';
COMMENT ON COLUMN moderation.cases.language IS 'By ISO 639-1; null where the words do not show it.';
COMMENT ON COLUMN moderation.cases.people IS 'Of a signal: the accounts that it is about.';
COMMENT ON COLUMN moderation.cases.due_at IS 'By when it should be decided: what the queue is ordered by.';
COMMENT ON COLUMN moderation.cases.first_decider_id IS 'Of an appeal: who decided first, and therefore not again.';
CREATE UNIQUE INDEX uq_cases_open ON moderation.cases (kind, subject_id)
    WHERE decided_at IS NULL AND origin <> 'appeal';
CREATE UNIQUE INDEX uq_cases_appeal ON moderation.cases (statement_id) WHERE origin = 'appeal';
CREATE INDEX ix_cases_queue ON moderation.cases (due_at, case_id) WHERE decided_at IS NULL;
CREATE INDEX ix_cases_community ON moderation.cases (community_id, due_at, case_id) WHERE decided_at IS NULL;
CREATE INDEX ix_cases_decided ON moderation.cases (decided_at DESC, case_id DESC) WHERE decided_at IS NOT NULL;
CREATE INDEX ix_cases_subject ON moderation.cases (subject_id, opened_at);
CREATE INDEX ix_cases_author ON moderation.cases (author_id);
CREATE INDEX ix_cases_people ON moderation.cases USING gin (people) WHERE people <> '{}';

CREATE TABLE moderation.reports (
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    reporter_id uuid NOT NULL,
    policy text NOT NULL,
    words text NOT NULL DEFAULT '' CHECK (length(words) <= 1000),
    reported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (case_id, reporter_id)
);
CREATE INDEX ix_reports_reporter ON moderation.reports (reporter_id);

CREATE TABLE moderation.decisions (
    decision_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    act text NOT NULL CHECK (act IN ('approve', 'dismiss', 'remove', 'confirm', 'uphold', 'overturn', 'withdraw')),
    actor_id uuid NOT NULL,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 1000),
    policy text NOT NULL,
    policy_version integer NOT NULL,
    rule text,
    rule_version integer,
    strike smallint NOT NULL DEFAULT 0 CHECK (strike BETWEEN 0 AND 3),
    restrict_days integer NOT NULL DEFAULT 0 CHECK (restrict_days BETWEEN 0 AND 365),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    undone_at timestamptz,
    undone_by uuid
);
CREATE INDEX ix_decisions_case ON moderation.decisions (case_id, decided_at);
CREATE INDEX ix_decisions_actor ON moderation.decisions (actor_id);

-- What weighs on a person; void once the decision is taken back or overturned.
CREATE TABLE moderation.sanctions (
    decision_id uuid PRIMARY KEY REFERENCES moderation.decisions ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    strike smallint NOT NULL CHECK (strike BETWEEN 0 AND 3),
    restricted_until timestamptz,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    voided_at timestamptz
);
CREATE INDEX ix_sanctions_person ON moderation.sanctions (customer_id) WHERE voided_at IS NULL;

CREATE TABLE moderation.statements (
    statement_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES moderation.cases ON DELETE CASCADE,
    decision_id uuid NOT NULL UNIQUE REFERENCES moderation.decisions ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    url text NOT NULL,
    effect text NOT NULL CHECK (effect IN ('removed', 'refused', 'sanctioned')),
    note text NOT NULL,
    policy text NOT NULL,
    policy_version integer NOT NULL,
    rule text,
    rule_version integer,
    is_automated boolean NOT NULL,
    strike smallint NOT NULL,
    restricted_until timestamptz,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    voided_at timestamptz,
    appealed_at timestamptz,
    appeal text CHECK (length(appeal) <= 2000),
    outcome text CHECK (outcome IN ('uphold', 'overturn')),
    outcome_note text,
    outcome_at timestamptz,
    CHECK ((outcome IS NULL) = (outcome_at IS NULL)),
    CHECK (outcome IS NULL OR appealed_at IS NOT NULL)
);
CREATE INDEX ix_statements_person ON moderation.statements (customer_id, made_at DESC, statement_id DESC);
COMMENT ON COLUMN moderation.statements.is_automated IS 'Whether a rule found it; every decision is by a person.';

CREATE TABLE moderation.browsers (
    anonymous_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (anonymous_id, customer_id)
);
CREATE INDEX ix_browsers_person ON moderation.browsers (customer_id);
COMMENT ON TABLE moderation.browsers IS
    'Who signed in where, for 180 days: two accounts of one browser may be one person.';

CREATE INDEX ix_customers_mailbox ON identity.customers (regexp_replace(email, '[+][^@]*@', '@'));
CREATE INDEX ix_addresses_home ON identity.addresses (lower(name), lower(line1), postal_code, country);

GRANT SELECT, INSERT, UPDATE, DELETE ON moderation.cases, moderation.reports, moderation.decisions,
    moderation.sanctions, moderation.statements, moderation.browsers TO agora_api;
GRANT UPDATE ON moderation.hits TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CASES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP INDEX identity.ix_customers_mailbox, identity.ix_addresses_home")
    op.execute("REVOKE UPDATE ON moderation.hits FROM agora_api")
    op.execute(
        "DROP TABLE moderation.browsers, moderation.statements, moderation.sanctions, moderation.decisions,"
        " moderation.reports, moderation.cases"
    )
