"""Events of moderation. No text that was judged leaves the domain that it belongs to."""

from typing import ClassVar

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
    """Rules had a say about what somebody wanted to publish: `spoke` are those in force and those in the shadow.

    `outcome` is `allow`, `hold` or `reject`; `kind` what it was: `review`, `question`, `answer`, `post`, `comment`.
    """

    type: ClassVar[str] = "moderation.text_judged"
    key_field: ClassVar[str] = "kind"

    kind: str
    outcome: str
    spoke: tuple[RuleSpoke, ...]
    toxicity: float
    customer_id: CustomerId | None = None
