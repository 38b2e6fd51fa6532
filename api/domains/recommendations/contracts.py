"""What other domains and pages may hold of an answer: frozen values."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Surface = Literal["home", "product", "cart"]


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One product of an answer. `reason` is a sentence for the person, `position` counts from 1."""

    product_id: int
    score: float
    reason: str
    position: int


@dataclass(frozen=True, slots=True)
class RecommendationView:
    """One answer. `version` is 0 where no model has been trained yet and best sellers fill the place."""

    recommendation_id: UUID
    surface: Surface
    model: str
    version: int
    items: list[RecommendedItem]
