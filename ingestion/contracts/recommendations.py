"""Events of recommendations."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import MARK, AnonymousId, CustomerId


class Impression(BaseModel):
    """One shown item. `propensity` is the probability with which the logging policy put it at `position`.

    Where it was drawn by lot, `pool_rank` (from 1, the best first) is its rank among the `pool_size` drawn from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    product_id: int
    reason: str
    score: float
    propensity: float
    pool_rank: int | None = None
    pool_size: int | None = None


class RecommendationServed(Event):
    """One answer of the recommender, with all that was shown."""

    type: ClassVar[str] = "recommendations.recommendation_served"
    version: ClassVar[int] = 2
    key_field: ClassVar[str] = "recommendation_id"

    recommendation_id: UUID
    anonymous_id: AnonymousId | None = None
    customer_id: CustomerId | None = None
    surface: str
    model: str
    model_version: int
    items: tuple[Impression, ...]


class PostImpression(BaseModel):
    """One shown post of a feed; `source` is what spoke most for it. The rest as for `Impression`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    post_id: UUID
    source: str
    score: float
    propensity: float
    pool_rank: int | None = None
    pool_size: int | None = None


class FeedServed(Event):
    """A page of a person's own feed of the forum. No title and no community's name: some are private."""

    type: ClassVar[str] = "recommendations.feed_served"
    key_field: ClassVar[str] = "recommendation_id"

    recommendation_id: UUID
    anonymous_id: AnonymousId | None = None
    customer_id: CustomerId | None = None
    is_personal: bool
    items: tuple[PostImpression, ...]


class TasteRemoved(Event):
    """A person does not want to be known by a product any more: by none of their browser's and their account's acts."""

    type: ClassVar[str] = "recommendations.taste_removed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    product_id: int


class TasteRestored(Event):
    """What was removed may be used again."""

    type: ClassVar[str] = "recommendations.taste_restored"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    product_id: int


class TasteReset(Event):
    """A person does not want to be known by anything of before now."""

    type: ClassVar[str] = "recommendations.taste_reset"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    reset_id: UUID


class PostRemoved(Event):
    """A person does not want a post in their own feed, nor what follows from it."""

    type: ClassVar[str] = "recommendations.post_removed"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    post_id: UUID
    recommendation_id: UUID | None = None


class PostRestored(Event):
    """What was removed may stand in the feed again."""

    type: ClassVar[str] = "recommendations.post_restored"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    post_id: UUID


class ExperimentExposed(Event):
    """An answer was made by a variant of an experiment; `unit` is the browser or customer that was assigned to it."""

    type: ClassVar[str] = "recommendations.experiment_exposed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    experiment_id: str
    variant: str
    unit: Annotated[UUID, Field(json_schema_extra={MARK: "identifier"})]
    recommendation_id: UUID
