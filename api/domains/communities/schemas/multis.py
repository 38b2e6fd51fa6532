"""JSON of multi-communities."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class MultiWrite(BaseModel):
    """A set of communities, named by their addresses; for everybody to read, or for you alone."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    communities: Annotated[list[Annotated[str, Field(max_length=30)]], Field(min_length=1, max_length=100)]
    is_public: bool = False


class Place(BaseModel):
    """A community of a set."""

    slug: str
    name: str


class MultiOut(BaseModel):
    """A set of communities, without private ones that you do not belong to."""

    owner: str
    slug: str
    name: str
    is_public: bool
    communities: list[Place]
