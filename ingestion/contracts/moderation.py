"""Events of moderation. No text that was judged leaves the domain that it belongs to."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


class RuleSpoke(BaseModel):
    """A rule whose condition held; one in the shadow changed nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    rule_version: int
    is_shadow: bool


class RuleChanged(Event):
    """A rule has a new version: other words, or another state (`draft`, `shadow`, `active`, `retired`)."""

    type: ClassVar[str] = "moderation.rule_changed"
    key_field: ClassVar[str] = "rule"

    rule: str
    rule_version: int
    expression: str
    outcome: str
    policy: str
    state: str


class TextJudged(Event):
    """Somebody wanted to publish a text: `spoke` are the rules that had a say, in force or in the shadow.

    `outcome` is `allow`, `hold` or `reject`; `kind` what it was: `review`, `question`, `answer`, `post`, `comment`.
    Since version 2 it is told of every text, with all that rules see of one but its words: so a new rule can be tried
    on the past. `subject_id` is the thing that the text is of, where it was known.
    """

    type: ClassVar[str] = "moderation.text_judged"
    version: ClassVar[int] = 2
    key_field: ClassVar[str] = "kind"

    kind: str
    outcome: str
    spoke: tuple[RuleSpoke, ...]
    toxicity: float
    customer_id: CustomerId | None = None
    subject_id: UUID | None = None
    length: int | None = None
    words: int | None = None
    links: int | None = None
    mentions: int | None = None
    capitals: float | None = None
    longest_run: int | None = None
    has_blocked_word: bool | None = None
    age_days: float | None = None
    may_link: bool | None = None
    toxicity_threshold: float | None = None


class PolicyPublished(Event):
    """A policy has a new version, which rules and decisions name from now on."""

    type: ClassVar[str] = "moderation.policy_published"
    key_field: ClassVar[str] = "policy"

    policy: str
    policy_version: int
    title: str


class CaseOpened(Event):
    """Something waits for a moderator. `origin`: `hold`, `report`, `signal`, `appeal`, or `initiative`.

    An initiative is decided as it is opened. `rule` is the one that held the text; `customer_id` who wrote it.
    """

    type: ClassVar[str] = "moderation.case_opened"
    key_field: ClassVar[str] = "subject_id"  # what becomes of one thing is heard in its order

    case_id: UUID
    origin: str
    kind: str
    subject_id: UUID
    community_id: UUID | None = None
    rule: str | None = None
    rule_version: int | None = None
    policy: str
    severity: int
    customer_id: CustomerId | None = None


class SubjectReported(Event):
    """Somebody said that a thing is against `policy`: once for each person and case, and never in their words.

    `product_id` is the product that it was said of, where it was said of one.
    """

    type: ClassVar[str] = "moderation.subject_reported"
    key_field: ClassVar[str] = "subject_id"  # what becomes of one thing is heard in its order

    case_id: UUID
    kind: str
    subject_id: UUID
    product_id: int | None = None
    policy: str
    reporter_id: CustomerId


class CaseDecided(Event):
    """What a moderator decided of a case, under which version of which policy.

    `effect` is what becomes of the words: `stand`, `fall` or `none`. `is_done`: whoever owns
    the words has done it already.
    """

    type: ClassVar[str] = "moderation.case_decided"
    key_field: ClassVar[str] = "subject_id"  # what becomes of one thing is heard in its order

    case_id: UUID
    decision_id: UUID
    origin: str
    kind: str
    subject_id: UUID
    act: str
    effect: str
    is_done: bool
    rule: str | None = None
    rule_version: int | None = None
    policy: str
    policy_version: int
    strike: int
    restrict_days: int
    reports: int
    waited_seconds: int
    customer_id: CustomerId | None = None


class DecisionUndone(Event):
    """A decision was taken back and its case is open again. `effect`: `wait` for another look, `stand` or `none`."""

    type: ClassVar[str] = "moderation.decision_undone"
    key_field: ClassVar[str] = "subject_id"  # what becomes of one thing is heard in its order

    case_id: UUID
    decision_id: UUID
    kind: str
    subject_id: UUID
    act: str
    effect: str
    is_done: bool
    customer_id: CustomerId | None = None
