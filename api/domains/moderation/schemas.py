"""JSON of moderation."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Outcome = Literal["allow", "hold", "reject"]
Kind = Literal["review", "question", "answer", "post", "comment", "community"]
State = Literal["draft", "shadow", "active", "retired"]
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
    times: int
    people: int
    alone: int


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
