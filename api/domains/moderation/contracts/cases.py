"""Cases, decisions and statements: what other domains tell moderation, and what it shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

Origin = Literal["hold", "report", "signal", "appeal", "initiative", "refusal"]
CaseKind = Literal["review", "question", "answer", "post", "comment", "article", "community", "votes"]
Act = Literal["approve", "dismiss", "remove", "confirm", "uphold", "overturn", "withdraw", "reject"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
CASE_KINDS: tuple[CaseKind, ...] = get_args(CaseKind)
ACTS: tuple[Act, ...] = get_args(Act)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a case is about. `url` is its page on this site; `picture` one that belongs to it, shown blurred.

    `community_id` and `community`, its address, are for what was said in one; `product_id` for what was said of a
    product; `people` for a signal about several.
    """

    kind: CaseKind
    subject_id: UUID
    author_id: UUID | None
    url: str
    title: str = ""
    body: str = ""
    community_id: UUID | None = None
    community: str | None = None
    picture: str | None = None
    people: tuple[UUID, ...] = ()
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case. `body` are the words that are judged, as they were when they were held or reported.

    `language` by ISO 639-1; None where the words do not show it.
    """

    case_id: UUID
    origin: Origin
    kind: CaseKind
    subject_id: UUID
    author_id: UUID | None
    community_id: UUID | None
    community: str | None
    title: str
    body: str
    url: str
    picture: str | None
    people: list[UUID]
    language: str | None
    rule: str | None
    rule_version: int | None
    policy: str
    policy_version: int
    severity: int
    reports: int
    statement_id: UUID | None
    first_decider_id: UUID | None
    assignee_id: UUID | None
    opened_at: datetime
    due_at: datetime
    decision_id: UUID | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody said against it; who that was is for moderators alone."""

    reporter_id: UUID
    policy: str
    words: str
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided of a case, under which version of which policy; `undone_at` once it was taken back."""

    decision_id: UUID
    case_id: UUID
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
    undone_by: UUID | None


@dataclass(frozen=True, slots=True)
class Statement:
    """Why something of a person's was removed or refused, or they were sanctioned; and what became of their appeal.

    `url` is empty for what never stood anywhere: a rule refused it at once (`decided_by`).
    """

    statement_id: UUID
    case_id: UUID
    decision_id: UUID
    customer_id: UUID
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


@dataclass(frozen=True, slots=True)
class Filter:
    """Which open cases are wanted; None: all. `assignee_id` given: that person's, `is_free`: nobody's."""

    origin: Origin | None = None
    kind: CaseKind | None = None
    community: str | None = None
    severity: int | None = None
    language: str | None = None
    assignee_id: UUID | None = None
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What weighs on a person: points of strikes that have not faded, and until when they may not write.

    `is_watched`: all that they write is looked at first.
    """

    points: float
    suspended_until: datetime | None
    is_watched: bool


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that moderation holds on a person, as plain rows."""

    cases: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    sanctions: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    browsers: list[dict[str, Any]]
