"""JSON of recommendations as the API documents it."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

CONTROL = "control"
MOST = 50
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,59}$")]


class Asked(BaseModel):
    """What is to be filled, and with how much."""

    surface: Literal["home", "product", "cart"] = Field(description="The place that is to be filled.")
    product_id: Annotated[int | None, Field(gt=0, lt=2**63, description="For the surface product.")] = None
    department: Annotated[str | None, Field(max_length=100, description="Where a stranger looks around.")] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 12


class Contribution(BaseModel):
    """Something the person did that speaks for an item."""

    product_id: int
    kind: str = Field(description="viewed, carted, ordered; or bought, in the orders that the model learned from.")
    at: datetime | None


class Item(BaseModel):
    """One product of an answer."""

    product_id: int
    score: float = Field(description="Comparable within one answer only.")
    reason: str = Field(description="A sentence for the person.")
    position: int
    because: list[Contribution] = Field(description="What of the person's doings the reason stands on.")
    propensity: float = Field(description="The probability with which it stands there; 1 where nothing was drawn.")
    pool_rank: int | None
    pool_size: int | None


class Recommendation(BaseModel):
    """One answer; give `recommendation_id` back with whatever it leads to."""

    recommendation_id: UUID
    surface: str
    model: str
    version: int = Field(description="0 where no model has been trained yet.")
    items: list[Item]
    variants: dict[str, str] = Field(description="What running experiments decided: experiment → variant.")


class ForumPost(BaseModel):
    """A post as a feed shows it."""

    model_config = ConfigDict(from_attributes=True)

    post_id: UUID
    community: str
    community_name: str
    author: str
    kind: str
    title: str
    url: str | None
    score: int
    comments: int
    vote: int = Field(description="Your own vote: 1, -1, or 0.")
    created_at: datetime


class RecommendedPost(BaseModel):
    """One post of a person's own feed."""

    model_config = ConfigDict(from_attributes=True)

    post: ForumPost
    reason: str = Field(description="A sentence for the person.")
    source: str = Field(description="What spoke most for it.")
    position: int


class PersonalFeed(BaseModel):
    """A page of a person's own feed, and the cursor of the next one."""

    model_config = ConfigDict(from_attributes=True)

    recommendation_id: UUID
    is_personal: bool = Field(description="False where you chose to see what everybody sees.")
    items: list[RecommendedPost]
    next_cursor: str | None


class Used(BaseModel):
    """A product by which a person is known: touched lately, or bought some time ago."""

    product_id: int
    title: str
    kinds: list[str]
    last_at: datetime | None


class RemovedPost(BaseModel):
    """A post of the forum that a person does not want in their own feed."""

    post_id: UUID
    title: str


class Taste(BaseModel):
    """Everything that is used to choose for a person, and what they took out."""

    is_personalised: bool
    reset_at: datetime | None
    used: list[Used]
    removed: list[Used]
    removed_posts: list[RemovedPost] = []


class TasteWrite(BaseModel):
    """Whether products may be chosen by what the person did."""

    model_config = ConfigDict(extra="forbid")

    is_personalised: bool


class Withhold(BaseModel):
    """Why a product is recommended nowhere."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Parameters(BaseModel):
    """What a variant of an experiment does otherwise; see `domain.policy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relevance: Annotated[float, Field(ge=0, le=1)] | None = None
    most_of_a_type: Annotated[int, Field(ge=1, le=50)] | None = None
    slot_every: Annotated[int, Field(ge=0, le=50)] | None = None
    pool: Annotated[int, Field(ge=2, le=100)] | None = None
    is_personal: bool | None = None


class VariantWrite(BaseModel):
    """One side of an experiment."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    share: Annotated[float, Field(gt=0, le=1, description="Of all units.")]
    parameters: Parameters = Parameters()


class ExperimentWrite(BaseModel):
    """An experiment to be. The first variant is the control."""

    model_config = ConfigDict(extra="forbid")

    experiment_id: Name
    hypothesis: Annotated[str, Field(min_length=1, max_length=500)]
    surface: Literal["home", "product", "cart", "order"]
    unit: Literal["browser", "customer"] = "browser"
    variants: Annotated[list[VariantWrite], Field(min_length=2, max_length=5)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(each.share for each in self.variants) > 1 + 1e-9:
            raise ValueError("the shares of the variants are more than everybody")
        if self.variants[0].name != CONTROL:
            raise ValueError(f"the first variant is what the others are compared with: name it {CONTROL}")
        if len({each.name for each in self.variants}) < len(self.variants):
            raise ValueError("two variants have the same name")
        return self


class Outcome(BaseModel):
    """What was found, in the words of whoever stops the experiment."""

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[str, Field(min_length=1, max_length=500)]


class Variant(BaseModel):
    """One side of an experiment."""

    name: str
    share: float
    parameters: Parameters


class Experiment(BaseModel):
    """Policies that are compared on a surface."""

    experiment_id: str
    hypothesis: str
    surface: str
    unit: str
    variants: list[Variant]
    status: str
    started_at: datetime | None
    stopped_at: datetime | None
    outcome: str | None
