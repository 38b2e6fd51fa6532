"""Events of recommendations."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import AnonymousId, CustomerId


class Impression(BaseModel):
    """One shown item. `propensity` is the probability with which the logging policy put it at `position`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    product_id: int
    reason: str
    score: float
    propensity: float


class RecommendationServed(Event):
    """One answer of the recommender, with all that was shown."""

    type: ClassVar[str] = "recommendations.recommendation_served"
    key_field: ClassVar[str] = "recommendation_id"

    recommendation_id: UUID
    anonymous_id: AnonymousId | None = None
    customer_id: CustomerId | None = None
    surface: str
    model: str
    model_version: int
    items: tuple[Impression, ...]
