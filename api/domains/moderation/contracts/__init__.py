"""What moderation is told of a text, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from api.domains.moderation.contracts.cases import CaseView, Decision, Subject

__all__ = [
    "KINDS",
    "STATES",
    "Backtest",
    "CaseView",
    "Decision",
    "Kind",
    "Outcome",
    "RuleView",
    "State",
    "Subject",
    "Trial",
    "Verdict",
]

Outcome = Literal["allow", "hold", "reject"]
Kind = Literal["review", "question", "answer", "post", "comment", "article", "community"]
State = Literal["draft", "shadow", "active", "retired"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a text, and the rule and policy that said so; None where no rule had anything to say.

    allow: it stands at once; hold: somebody looks at it first; reject: it never stands. `shadow` names the rules that
    would have had a say if they were active.
    """

    outcome: Outcome
    rule: str | None = None
    version: int | None = None
    policy: str | None = None
    shadow: tuple[str, ...] = ()
    policy_version: int | None = None

    @property
    def status(self) -> Literal["published", "held"]:
        """How a domain keeps a text that was not refused."""
        return "published" if self.outcome == "allow" else "held"


@dataclass(frozen=True, slots=True)
class RuleView:
    """One version of a rule, and how often it spoke in the last seven days: times, people, and `alone`, which are the
    times that no other active rule spoke as well."""

    name: str
    version: int
    expression: str
    outcome: Outcome
    policy: str
    state: State
    explanation: str
    changed_by: UUID | None
    changed_at: datetime
    policy_version: int = 1
    times: int = 0
    people: int = 0
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a condition would have done in the last `days`; `finished_at` None: it is being found out.

    Of its `hits` people `removed` some and let others stand (`stood`); the rest nobody judged. `alone`: those of which
    no other rule spoke; `overlap`: how often each other rule spoke as well; `by_week`: (Monday, hits). `problem` says
    why there is no answer. Not looked at were `unseen` texts, of which no facts were told; on `failed` ones it
    could not be answered.
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
    overlap: Mapping[str, int]
    by_week: list[tuple[str, int]]

    @property
    def precision(self) -> float | None:
        """The share of those that people judged and removed; None where they judged none."""
        judged = self.removed + self.stood
        return self.removed / judged if judged else None


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be said of a text, and all that the rules see of it."""

    verdict: Verdict
    spoke: tuple[str, ...]
    facts: Mapping[str, object]
