"""JSON of recommendations as the API documents it."""

from uuid import UUID

from pydantic import BaseModel, Field


class Item(BaseModel):
    """One product of an answer."""

    product_id: int
    score: float = Field(description="Comparable within one answer only.")
    reason: str = Field(description="A sentence for the person.")
    position: int


class Recommendation(BaseModel):
    """One answer; give `recommendation_id` back with whatever it leads to."""

    recommendation_id: UUID
    surface: str
    model: str
    version: int = Field(description="0 where no model has been trained yet.")
    items: list[Item]
