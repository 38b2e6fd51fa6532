"""What other domains and pages may hold of an answer: frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.domains.communities.contracts import PostView

Surface = Literal["home", "product", "cart", "order", "mail"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """Something the person did that speaks for an item: viewed, carted, ordered, or bought some time ago."""

    product_id: int
    kind: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One product of an answer. `reason` is a sentence for the person, `position` counts from 1.

    `propensity` is the probability with which it stands there; `pool_rank` of `pool_size` where it was drawn by lot.
    """

    product_id: int
    score: float
    reason: str
    position: int
    because: tuple[Contribution, ...] = ()
    propensity: float = 1.0
    pool_rank: int | None = None
    pool_size: int | None = None


@dataclass(frozen=True, slots=True)
class RecommendationView:
    """One answer. `version` is 0 where no model has been trained yet and best sellers fill the place.

    `variants` are what the running experiments decided for it: experiment → variant.
    """

    recommendation_id: UUID
    surface: Surface
    model: str
    version: int
    items: list[RecommendedItem]
    variants: dict[str, str]


@dataclass(frozen=True, slots=True)
class RecommendedPost:
    """One post of a feed. `reason` is a sentence for the person, `source` what spoke most for it."""

    post: PostView
    reason: str
    source: str
    position: int


@dataclass(frozen=True, slots=True)
class FeedView:
    """A page of a person's own feed; not `is_personal` where they chose to see what everybody sees."""

    recommendation_id: UUID
    is_personal: bool
    items: list[RecommendedPost]
    next_cursor: str | None
