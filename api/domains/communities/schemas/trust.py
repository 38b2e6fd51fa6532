"""JSON of trust."""

from typing import Literal

from pydantic import BaseModel


class Part(BaseModel):
    """What one thing that you did gives."""

    fact: str
    text: str
    count: int
    each: int
    most: int | None
    points: int


class Gate(BaseModel):
    """What a level needs."""

    name: Literal["new", "known", "trusted", "pillar"]
    score: int
    days: int


class Trust(BaseModel):
    """How far you are trusted, and where each point came from. `next` is what the next level needs, if there is one.

    `hourly` is how many posts and comments you may write within an hour; none: as many as everybody's limits allow.
    """

    level: int
    name: Literal["new", "known", "trusted", "pillar"]
    score: int
    parts: list[Part]
    next: Gate | None
    may_link: bool
    may_post_images: bool
    hourly: int | None
