"""JSON of moderation."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Outcome = Literal["allow", "hold", "reject"]
Kind = Literal["review", "question", "answer", "post", "comment", "article", "community"]
State = Literal["draft", "shadow", "active", "retired"]
Origin = Literal["hold", "report", "signal", "appeal", "initiative", "refusal"]
CaseKind = Literal["review", "question", "answer", "post", "comment", "article", "community", "votes"]
Act = Literal["approve", "dismiss", "remove", "confirm", "uphold", "overturn", "withdraw", "reject"]
NAME = r"^[a-z][a-z0-9-]{1,49}$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class RuleWrite(BaseModel):
    """A condition and what follows from it. `was_version` is the version that is to be replaced, 0 for a new rule."""

    model_config = ConfigDict(extra="forbid")

    expression: Line
    outcome: Outcome
    policy: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    explanation: Line
    was_version: Annotated[int, Field(ge=0, lt=2**31 - 1)] = 0


class RuleState(BaseModel):
    """Where a rule is to stand; `was_version` is the version that was looked at."""

    model_config = ConfigDict(extra="forbid")

    state: State
    was_version: Annotated[int, Field(ge=1, lt=2**31 - 1)]


class RuleOut(BaseModel):
    """A version of a rule; the counts are of the last seven days and of all versions."""

    name: str
    version: int
    expression: str
    outcome: Outcome
    policy: str
    state: State
    explanation: str
    changed_by: UUID | None
    changed_at: datetime
    policy_version: int
    times: int
    people: int
    alone: int


class BacktestAsk(BaseModel):
    """How far back to look."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=365)] = 90


class BacktestOut(BaseModel):
    """What a rule would have done in the last `days`; `finished_at` null: it is being found out.

    Of its `hits` people `removed` some and let others stand (`stood`); `precision` is the share that was removed. Not
    looked at were `unseen` texts, of which no facts were told; on `failed` ones the condition could not be answered.
    """

    rule: str
    rule_version: int
    expression: str
    days: int
    asked_at: datetime
    finished_at: datetime | None
    problem: str | None
    texts: int
    hits: int
    people: int
    most_by_one: int
    removed: int
    stood: int
    alone: int
    unseen: int
    failed: int
    precision: float | None
    overlap: dict[str, int]
    by_week: list[tuple[str, int]]


class TrialWrite(BaseModel):
    """A text to try the rules on."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=20_000)]
    kind: Kind = "comment"
    may_link: bool = False


class TrialOut(BaseModel):
    """What would be said: the outcome, each rule that would speak, and all that they see."""

    outcome: Outcome
    rule: str | None
    policy: str | None
    spoke: list[str]
    facts: dict[str, object]


class PolicyOut(BaseModel):
    """One version of a policy; `severity`: 3 is looked at within an hour, 0 within days."""

    slug: str
    version: int
    title: str
    body: str
    severity: int
    change_note: str
    published_at: datetime


class PolicyWrite(BaseModel):
    """A new policy, or a new version of one. `was_version` is the version that is replaced, 0 for a new policy."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    body: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    severity: Annotated[int, Field(ge=0, le=3)] = 1
    change_note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    was_version: Annotated[int, Field(ge=0, lt=2**31 - 1)] = 0


class ReportOut(BaseModel):
    """What somebody said against it; who that was is not told."""

    policy: str
    words: str
    reported_at: datetime


class DecisionOut(BaseModel):
    """What was decided of a case; `undone_at` once it was taken back."""

    decision_id: UUID
    act: Act
    actor_id: UUID
    note: str
    policy: str
    policy_version: int
    rule: str | None
    rule_version: int | None
    strike: int
    restrict_days: int
    decided_at: datetime
    undone_at: datetime | None


class CaseOut(BaseModel):
    """One case: what it is about, under which policy, who has it and by when it should be decided."""

    case_id: UUID
    origin: Origin
    kind: CaseKind
    subject_id: UUID
    author_id: UUID | None
    community: str | None
    title: str
    body: str
    url: str
    picture: str | None
    language: str | None
    rule: str | None
    rule_version: int | None
    policy: str
    policy_version: int
    severity: int
    reports: int
    statement_id: UUID | None
    assignee_id: UUID | None
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None


class CaseDetail(CaseOut):
    """The same with what was said against the thing, and what was decided.

    Of an appeal also what the author was told first, and what they say against it.
    """

    first_note: str | None
    appeal: str | None
    said: list[ReportOut]
    decisions: list[DecisionOut]


class Cases(BaseModel):
    """Some cases and the cursor of further ones."""

    items: list[CaseOut]
    next_cursor: str | None


class RulingWrite(BaseModel):
    """What a moderator decides. `policy` is a slug; without it the case's own. `strike` are points."""

    model_config = ConfigDict(extra="forbid")

    act: Act
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""
    policy: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9-]{1,49})?$")] = ""
    strike: Annotated[int, Field(ge=0, le=3)] = 0
    restrict_days: Annotated[int, Field(ge=0, le=365)] = 0


class BulkRuling(RulingWrite):
    """The same for many cases."""

    case_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]


class BulkResult(BaseModel):
    """The cases that were decided, and of the others why not."""

    decided: list[UUID]
    passed_over: dict[UUID, str]


class Undo(BaseModel):
    """Why a decision is taken back."""

    model_config = ConfigDict(extra="forbid")

    note: Line


class StatementOut(BaseModel):
    """Why something of yours was removed or refused, or counts against you; and what became of your appeal.

    `is_automated`: a rule found it. `decided_by`: whether that rule refused it by itself, or a person decided. `url` is
    empty for what never stood anywhere.
    """

    statement_id: UUID
    kind: CaseKind
    title: str
    body: str
    url: str
    effect: Literal["removed", "refused", "sanctioned"]
    note: str
    policy: str
    policy_version: int
    rule: str | None
    rule_version: int | None
    is_automated: bool
    decided_by: Literal["person", "rule"]
    strike: int
    restricted_until: datetime | None
    made_at: datetime
    voided_at: datetime | None
    appealed_at: datetime | None
    appeal: str | None
    outcome: Literal["uphold", "overturn"] | None
    outcome_note: str | None
    outcome_at: datetime | None


class Statements(BaseModel):
    """Some statements and the cursor of further ones; what weighs on you now."""

    items: list[StatementOut]
    next_cursor: str | None
    points: float
    suspended_until: datetime | None


class Data(BaseModel):
    """All that moderation holds on a person; `decisions` are those that they made as a moderator."""

    cases: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    sanctions: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    browsers: list[dict[str, Any]]


class AppealWrite(BaseModel):
    """Why a decision was wrong."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
